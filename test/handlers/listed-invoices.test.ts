import { describe, expect, test } from 'vitest'
import { type Instant, readClocks } from '../../src/clocks.ts'
import { observeRead, type ReadStamp } from '../../src/core/normalise.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import { handleObservations } from '../../src/pipeline/handle-observations.ts'
import { readKey } from '../../src/ports/pipeline-store.ts'
import type { Effects } from '../../src/unit-of-work/unit-of-work.ts'
import { account, customer, invoice, paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { commitTime, EventDeliveries } from '../support/event-deliveries.ts'
import { ordersOf } from '../support/observed.ts'

type Fields = Record<string, unknown>

const observation = (object: Fields, at: number, stamp: Partial<ReadStamp> = {}) =>
  observeRead(object.object as ObjectKind, object as never, {
    ...{ unixSeconds: at, seq: 0, apiVersion: '2026-10-28.endive', livemode: false },
    ...{ source: 'backfill', single: false, ...stamp },
  })

/** Backfills objects into what was delivered, each as of its second. */
const backfill = async (
  { options: { store } }: EventDeliveries,
  objects: readonly { readonly object: Fields; readonly at: number; readonly sentAt?: Instant }[],
  effects: Effects = 'none',
) => {
  const seen = objects.map(({ object, at, sentAt = readClocks() }) => ({
    ...{ observation: observation(object, at), sentAt, ownCommitsSince: 0 },
  }))
  const retrieve = (id: string) => objects.find(({ object }) => object.id === id)?.object ?? {}
  const batch = { seen, positions: [], lastSeq: 0 }
  const { outcomes } = await handleObservations('acct_1', batch, {
    ...{ store, effects, now: () => commitTime, random: () => 0.5, patienceMs: 1_000 },
    onLostCommit: () => undefined,
    readObjects: async (_opened, requests) =>
      new Map(
        requests.map((request) => [
          readKey(request),
          { kind: 'seen', observations: [observation(retrieve(request.id), 20, { single: true })] } as const,
        ]),
      ),
  })
  return outcomes.map(({ outcome }) => outcome)
}

const theirs = {
  _id: 'theirs',
  stripe_user_id: 'acct_1',
  email: 'ann@example.com',
  source: 'crm',
  created_at: new Date(0),
}

describe('a paid invoice that a backfill shows', () => {
  test('adopts the contact of its own address while the customer is unknown', async () => {
    const deliveries = new EventDeliveries({ documents: { 'crm.contacts': [theirs] } })
    await backfill(deliveries, [{ object: paidInvoice(), at: 5 }])
    expect(deliveries.only('crm.contacts')).toMatchObject({
      ...{ _id: 'theirs', stripe_customer_id: 'cus_1', name: 'Ann' },
    })
  })

  test('leaves the same contact whether the customer is read before it or after', async () => {
    const objects = [
      { object: paidInvoice(), at: 5 },
      { object: customer({ name: 'Ann B.' }), at: 5 },
    ]
    for (const order of ordersOf(objects)) {
      const deliveries = new EventDeliveries({ documents: { 'crm.contacts': [theirs] } })
      for (const one of order) await backfill(deliveries, [one])
      expect(deliveries.only('crm.contacts')).toMatchObject({
        ...{ _id: 'theirs', stripe_customer_id: 'cus_1', name: 'Ann B.' },
      })
    }
  })

  test('stands in with what it says last, be that read before or after the event that told it', async () => {
    const renamed = stripeEvent({
      ...{ type: 'invoice.updated', at: 9 },
      object: paidInvoice({ customer_name: 'Ann Later' }),
    })
    const read = { object: paidInvoice(), at: 5 }
    const readFirst = new EventDeliveries()
    await backfill(readFirst, [read])
    await readFirst.deliver(renamed)
    const toldFirst = new EventDeliveries()
    await toldFirst.deliver(renamed)
    await backfill(toldFirst, [read])
    for (const deliveries of [readFirst, toldFirst])
      expect(deliveries.only('crm.contacts')).toMatchObject({ name: 'Ann Later' })
  })

  test('makes no message, not even with a later event that does not tell of the payment', async () => {
    const deliveries = new EventDeliveries()
    await backfill(deliveries, [{ object: paidInvoice(), at: 5 }])
    await deliveries.deliver(stripeEvent({ type: 'invoice.updated', at: 9, object: paidInvoice() }))
    expect(deliveries.documents('support.messages')).toEqual([])
    await deliveries.deliver(stripeEvent({ type: 'invoice.paid', at: 4, object: paidInvoice() }))
    expect(deliveries.documents('support.messages')).toHaveLength(1)
  })

  test('has its message where messages are owed, and one that is open has none', async () => {
    const deliveries = new EventDeliveries()
    const open = invoice({ id: 'in_2' })
    await backfill(
      deliveries,
      [paidInvoice(), open].map((object) => ({ object, at: 5 })),
      'missing',
    )
    expect(deliveries.only('support.messages')).toMatchObject({ invoice: 'in_1' })
  })

  test('has its message as well where somebody wrote it since the list showed it, so that it is read again', async () => {
    const deliveries = new EventDeliveries({ accounts: [account()] })
    await deliveries.deliver(
      stripeEvent({ type: 'invoice.updated', at: 5, object: paidInvoice({ number: 'A' }) }),
    )
    const sentAt = { ...readClocks(), wallMs: commitTime.getTime() - 1_000 }
    await backfill(deliveries, [{ object: paidInvoice({ number: 'B' }), at: 10, sentAt }], 'missing')
    expect(deliveries.only('support.messages')).toMatchObject({ invoice: 'in_1' })
  })
})
