import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { objectKinds } from '../../src/core/object-kinds.ts'
import { newCharge, updateCharge } from '../../src/handlers/charges.ts'
import { deleteCustomer, newCustomer, updateCustomer } from '../../src/handlers/customers.ts'
import { closeDispute, newDispute, updateDispute } from '../../src/handlers/disputes.ts'
import type { Handler } from '../../src/handlers/handler.ts'
import { linkInvoicePayment } from '../../src/handlers/invoice-payments.ts'
import { deleteInvoice, newInvoice, paidInvoice, updateInvoice } from '../../src/handlers/invoices.ts'
import { createProduct, deleteProduct, updateProduct } from '../../src/handlers/products.ts'
import { createRefund, updateRefund } from '../../src/handlers/refunds.ts'
import { eventRows, rowOf } from '../../src/handlers/registry.ts'
import {
  createSubscription,
  deleteSubscription,
  updateSubscription,
} from '../../src/handlers/subscriptions.ts'
import { loadSnapshotEvents } from '../support/fixture-files.ts'
import { projectFolder } from '../support/source-modules.ts'

/** The events of the contract, by the object that they carry and their handler. */
const contract: readonly [kind: string, handler: Handler, prefix: string, verbs: string][] = [
  ['charge', newCharge, 'charge', 'succeeded pending failed'],
  ['charge', updateCharge, 'charge', 'updated captured refunded expired'],
  ['invoice', newInvoice, 'invoice', 'created'],
  ['invoice', paidInvoice, 'invoice', 'paid payment_succeeded'],
  ['invoice', deleteInvoice, 'invoice', 'deleted'],
  ['invoice', updateInvoice, 'invoice', 'updated finalized finalization_failed sent payment_failed voided'],
  ['invoice', updateInvoice, 'invoice', 'payment_action_required payment_attempt_required overdue'],
  ['invoice', updateInvoice, 'invoice', 'marked_uncollectible will_be_due overpaid'],
  ['dispute', newDispute, 'charge.dispute', 'created'],
  ['dispute', updateDispute, 'charge.dispute', 'updated funds_withdrawn funds_reinstated'],
  ['dispute', closeDispute, 'charge.dispute', 'closed'],
  ['refund', createRefund, 'refund', 'created'],
  ['refund', updateRefund, 'refund', 'updated failed'],
  ['refund', updateRefund, 'charge.refund', 'updated'],
  ['customer', newCustomer, 'customer', 'created'],
  ['customer', updateCustomer, 'customer', 'updated'],
  ['customer', deleteCustomer, 'customer', 'deleted'],
  ['subscription', createSubscription, 'customer.subscription', 'created'],
  ['subscription', updateSubscription, 'customer.subscription', 'updated paused resumed trial_will_end'],
  ['subscription', updateSubscription, 'customer.subscription', 'pending_update_applied'],
  ['subscription', updateSubscription, 'customer.subscription', 'pending_update_expired'],
  ['subscription', deleteSubscription, 'customer.subscription', 'deleted'],
  ['product', createProduct, 'product', 'created'],
  ['product', updateProduct, 'product', 'updated'],
  ['product', deleteProduct, 'product', 'deleted'],
  ['invoice_payment', linkInvoicePayment, 'invoice_payment', 'paid'],
]

const expected = new Map(
  contract.flatMap(([kind, handle, prefix, verbs]) =>
    verbs.split(' ').map((verb) => [`${prefix}.${verb}`, { kind, handle }] as const),
  ),
)

const connections = {
  'account.application.authorized': 'connected',
  'account.application.deauthorized': 'disconnected',
}

const typesWhere = (tells: (row: Record<string, unknown>) => boolean): string[] =>
  [...eventRows].filter(([, row]) => tells({ ...row })).map(([type]) => type)

describe('the table of events', () => {
  test('holds the events of the contract and no others', () => {
    expect([...eventRows.keys()].sort()).toEqual([...expected.keys(), ...Object.keys(connections)].sort())
  })

  test.each([...expected])('hands %s to its handler', (type, row) => {
    expect(eventRows.get(type)).toMatchObject(row)
  })

  test.each(Object.entries(connections))('reads %s as news of the account', (type, state) => {
    expect(eventRows.get(type)).toEqual({ kind: 'application', state })
  })

  test('tells which events begin the life of an object', () => {
    expect(typesWhere(({ creates }) => creates === true).sort()).toEqual([
      'charge.dispute.created',
      'customer.created',
      'customer.subscription.created',
      'invoice.created',
      'product.created',
      'refund.created',
    ])
  })

  test('tells which events delete, and an ended subscription is not deleted', () => {
    expect(typesWhere(({ deletes }) => deletes === true).sort()).toEqual([
      'customer.deleted',
      'invoice.deleted',
      'product.deleted',
    ])
  })

  test('tells which events say that an invoice was paid', () => {
    expect(typesWhere(({ tellsPayment }) => tellsPayment === true)).toEqual([
      'invoice.paid',
      'invoice.payment_succeeded',
    ])
  })

  test.each(['invoice.upcoming', 'price.updated', 'charge.created', 'constructor', ''])(
    'does not hold %j',
    (type) => {
      expect(eventRows.has(type)).toBe(false)
    },
  )
})

/** Types and their handler in the table under the README's heading on events. */
const typesInReadme = (): readonly (readonly [type: string, handler: string])[] => {
  const [, section = ''] = readFileSync(join(projectFolder, 'README.md'), 'utf8').split(/^## Events$/m)
  const [table = ''] = section.split(/^## /m)
  return [...table.matchAll(/^\| (`.+`) \| (\w.*?) \|/gm)].flatMap(([, types = '', names = '']) => {
    const handlers = names.split(', ')
    // A type that begins with a point has all but its last word from the one before it.
    let family = ''
    return types.split(' / ').flatMap((group, index) =>
      [...group.matchAll(/`([\w.]+)`/g)].map(([, told = '']) => {
        const type = told.startsWith('.') ? `${family}${told}` : told
        family = type.slice(0, type.lastIndexOf('.'))
        return [type, handlers[index] ?? handlers[0] ?? ''] as const
      }),
    )
  })
}

describe('the README', () => {
  const handlers: Readonly<Record<string, unknown>> = {
    ...{ newCharge, updateCharge, newInvoice, paidInvoice, deleteInvoice, updateInvoice },
    ...{ newDispute, updateDispute, closeDispute, createRefund, updateRefund },
    ...{ newCustomer, updateCustomer, deleteCustomer, createProduct, updateProduct, deleteProduct },
    ...{ createSubscription, updateSubscription, deleteSubscription, linkInvoicePayment },
  }
  const told = typesInReadme()

  test('tells every event of the table once, and no other', () => {
    expect(told.map(([type]) => type).sort()).toEqual([...eventRows.keys()].sort())
  })

  test.each(told)('hands %s to %s, as the table does', (type, name) => {
    const row = eventRows.get(type)
    if (row?.kind === 'application') expect(name).toBe('noteConnection')
    else expect(row?.handle).toBe(handlers[name] ?? 'a handler of that name')
  })
})

describe('an invoice event of a type that is not in the table', () => {
  const carried = { id: 'in_1', object: 'invoice' }

  test('updates the invoice that it carries', () => {
    expect(rowOf('invoice.balance_moved', carried)).toMatchObject({ kind: 'invoice', creates: false })
  })

  test.each([
    ['invoice.upcoming', { ...carried, id: 'upcoming_in_1' }],
    ['invoice.balance_moved', { object: 'invoice' }],
    ['invoice.balance_moved', { id: 'il_1', object: 'line_item' }],
    ['invoice.balance_moved', null],
    ['invoiceitem.created', carried],
  ])('is ignored as %s with %j', (type, object) => {
    expect(rowOf(type, object)).toBeUndefined()
  })
})

describe('the fixtures', () => {
  test('show each event of the table with the object it names', () => {
    const shown = new Map(loadSnapshotEvents().map(({ type, data }) => [type, data.object.object]))
    const missing = [...eventRows]
      .filter(([type, { kind }]) => shown.get(type) !== kind)
      .map(([type]) => type)
    expect(missing).toEqual([])
  })

  test('show every kind of object that is projected', () => {
    const shown = new Set(loadSnapshotEvents().map(({ data }) => data.object.object))
    expect(Object.keys(objectKinds).filter((kind) => !shown.has(kind))).toEqual([])
  })
})
