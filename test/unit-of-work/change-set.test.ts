import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { foldObservation } from '../../src/core/projection.ts'
import { documentOf } from '../../src/core/projection-document.ts'
import { changeSetOf, isVisiblyChanged } from '../../src/unit-of-work/change-set.ts'
import type { DeskEntity, UnitOfWork } from '../../src/unit-of-work/unit-of-work.ts'
import { customer, paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { commitTime, EventDeliveries } from '../support/event-deliveries.ts'
import { observed, projected, projectedFrom } from '../support/observed.ts'
import { openCountedWork } from '../support/read-counting.ts'

const charge = (...told: readonly Parameters<typeof observed>[0][]) => {
  const [first = observed({ at: 1 }), ...others] = told.map(observed)
  return { ...projectedFrom(first, ...others), firstStoredAt: commitTime }
}
const stored = charge({ at: 1, content: { id: 'ch_1', status: 'pending' } })
const storedDocument = { ...documentOf('acct_1', stored, commitTime) }

const theirs = {
  _id: 'theirs',
  stripe_user_id: 'acct_1',
  name: 'Ann',
  address: { city: 'Linz', zip: '4020' },
  note: 'written by the CRM',
}

/** The changes after `change` was put in place of somebody else's contact. */
const changesOf = async (now: DeskEntity, before: DeskEntity & { _id: unknown } = theirs) => {
  const { work } = await openCountedWork({ 'crm.contacts': [before] })
  await work.contacts.get(String(before._id))
  work.contacts.put(now)
  return changeSetOf(work)
}

describe('a document of others', () => {
  test('is written only where a field differs', async () => {
    const now = { ...theirs, name: 'Anna', address: { ...theirs.address, city: 'Wien' }, phone: '+43' }
    expect(await changesOf(now)).toEqual({
      writes: [
        {
          kind: 'update',
          collection: 'crm.contacts',
          id: 'theirs',
          set: { name: 'Anna', 'address.city': 'Wien', phone: '+43' },
          unset: [],
        },
      ],
      notices: [{ kind: 'contact.updated', collection: 'crm.contacts', stripe_id: null, event_id: null }],
    })
  })

  test('loses only the fields that are to be unset', async () => {
    const { name: _name, ...rest } = theirs
    const { writes } = await changesOf({ ...rest, address: { zip: '4020' } })
    expect(writes).toMatchObject([{ set: {}, unset: ['name', 'address.city'] }])
  })

  test('is not written where nothing differs', async () => {
    expect(await changesOf(structuredClone(theirs))).toEqual({ writes: [], notices: [] })
  })

  test('gets a whole value where a hash takes the place of a text', async () => {
    const { writes } = await changesOf({ ...theirs, note: { text: 'x' } })
    expect(writes).toMatchObject([{ set: { note: { text: 'x' } } }])
  })

  test.each(['a.b', '$set', '', 'nul\0', 'lone \ud83e'])(
    'gets a hash whole whose keys can be in no path: %j',
    async (key) => {
      const before = { ...theirs, custom: { [key]: '1', plan: 'free' } }
      const { writes } = await changesOf({ ...before, custom: { [key]: '2', plan: 'free' } }, before)
      expect(writes).toMatchObject([{ set: { custom: { [key]: '2', plan: 'free' } }, unset: [] }])
    },
  )

  test('keeps fields of others that have such keys', async () => {
    const before = { ...theirs, 'their.field': 1, $theirs: { 'a.b': 1 } }
    const { writes } = await changesOf({ ...before, name: 'Anna' }, before)
    expect(writes).toMatchObject([{ set: { name: 'Anna' }, unset: [] }])
  })

  test('is named by its own id, of whatever type', async () => {
    const id = new ObjectId()
    const { work } = await openCountedWork({ 'crm.contacts': [{ ...theirs, _id: id }] })
    const [contact] = await work.contacts.getAll([String(id)])
    work.contacts.put({ ...contact, _id: id, name: 'Anna' })
    expect(changeSetOf(work).writes).toMatchObject([{ id }])
  })
})

describe('a new document of the desk', () => {
  test.each([
    ['contacts', 'crm.contacts', 'contact.created'],
    ['conversations', 'support.conversations', 'conversation.created'],
    ['rooms', 'support.rooms', 'room.created'],
    ['messages', 'support.messages', 'message.created'],
  ] as const)('among the %s is inserted and noticed', async (table, collection, kind) => {
    const { work } = await openCountedWork()
    const document = { _id: 'new', stripe_user_id: 'acct_1' }
    work[table].put(document)
    expect(changeSetOf(work)).toEqual({
      writes: [{ kind: 'insert', collection, document }],
      notices: [{ kind, collection, stripe_id: null, event_id: null }],
    })
  })
})

describe('a projection', () => {
  const openStored = async () => {
    const { work } = await openCountedWork({ 'billing.charges': [storedDocument] })
    await work.projections.charge.get('ch_1')
    return work
  }

  test('is inserted when it is new, with one notice', async () => {
    const { work } = await openCountedWork()
    work.projections.charge.put({ ...stored, firstStoredAt: null })
    work.projections.charge.put({ ...stored, firstStoredAt: null, canonical: { invoice: 'in_1' } })
    const { writes, notices } = changeSetOf(work)
    expect(writes).toMatchObject([
      { kind: 'insert', collection: 'billing.charges', document: { _id: 'acct_1:ch_1', invoice: 'in_1' } },
    ])
    expect(notices).toEqual([
      { kind: 'charge.created', collection: 'billing.charges', stripe_id: 'ch_1', event_id: 'evt_1' },
    ])
  })

  test('that learns of a relative is written where a field differs', async () => {
    const { work } = await openCountedWork({
      'billing.charges': [
        { ...documentOf('acct_1', { ...stored, canonical: { invoice: null } }, commitTime) },
      ],
    })
    const known = await work.projections.charge.get('ch_1')
    if (known === null) throw new Error('it was stored')
    const links = { ...known.links, invoices: ['in_1'] }
    work.projections.charge.put({ ...known, links, canonical: { invoice: 'in_1' } })
    const { writes, notices } = changeSetOf(work)
    expect(writes).toEqual([
      {
        kind: 'update',
        collection: 'billing.charges',
        id: 'acct_1:ch_1',
        set: { invoice: 'in_1', 'sync.links': links, 'sync.source': 'replay', 'sync.updated_at': work.now },
        unset: [],
      },
    ])
    expect(notices).toMatchObject([{ kind: 'charge.updated' }])
  })

  test('that loses a field has it unset', async () => {
    const { work } = await openCountedWork({
      'billing.charges': [
        { ...documentOf('acct_1', { ...stored, canonical: { invoice: 'in_1' } }, commitTime) },
      ],
    })
    const known = await work.projections.charge.get('ch_1')
    if (known === null) throw new Error('it was stored')
    work.projections.charge.put({ ...known, canonical: {} })
    const [write] = changeSetOf(work).writes
    expect(write).toMatchObject({ kind: 'update', set: { 'sync.added': ['livemode'] }, unset: ['invoice'] })
  })

  test('that gets a field is replaced whole: a document has one order of fields, whatever the way there', async () => {
    const work = await openStored()
    const known = await work.projections.charge.get('ch_1')
    if (known === null) throw new Error('it was stored')
    work.projections.charge.put({ ...known, canonical: { invoice: 'in_1' } })
    expect(changeSetOf(work).writes).toMatchObject([{ kind: 'replace', document: { invoice: 'in_1' } }])
  })

  test('is replaced whole when its object says something new', async () => {
    const work = await openStored()
    const now = charge(
      { at: 1, content: { id: 'ch_1', status: 'pending' } },
      { at: 2, content: { id: 'ch_1', status: 'succeeded' } },
    )
    work.projections.charge.put(now)
    const { writes, notices } = changeSetOf(work)
    expect(writes).toMatchObject([{ kind: 'replace', document: { _id: 'acct_1:ch_1', status: 'succeeded' } }])
    expect(notices).toMatchObject([{ kind: 'charge.updated', event_id: 'evt_2' }])
  })

  const toldAgain = async (work: UnitOfWork): Promise<void> => {
    const known = await work.projections.charge.get('ch_1')
    const again = observed({ at: 2, content: { id: 'ch_1', status: 'pending' } })
    work.projections.charge.put(foldObservation(known, again))
  }

  test('that says the same once more is stamped without a notice', async () => {
    const work = await openStored()
    await toldAgain(work)
    const { writes, notices } = changeSetOf(work)
    expect(writes).toEqual([
      {
        kind: 'update',
        collection: 'billing.charges',
        id: 'acct_1:ch_1',
        set: {
          'sync.as_of': new Date(2000),
          'sync.event_id': 'evt_2',
          'sync.order': expect.objectContaining({ past: [expect.objectContaining({ id: 'evt_1' })] }),
          'sync.source': stored.lastSource,
          'sync.updated_at': work.now,
        },
        unset: [],
      },
    ])
    expect(notices).toEqual([])
  })

  test('that says the same once more is mended where somebody else wrote what is read past', async () => {
    const content = { id: 'cus_1', metadata: { plan: 'gold' } }
    const before = projected('customer', content, { firstStoredAt: commitTime })
    const { work } = await openCountedWork({
      'billing.customers': [{ ...documentOf('acct_1', before, commitTime), metadata: {} }],
    })
    const known = await work.projections.customer.get('cus_1')
    const again = observed({ at: 2, kind: 'customer', id: 'cus_1', content })
    work.projections.customer.put(foldObservation(known, again))
    expect(changeSetOf(work).writes).toMatchObject([
      { kind: 'update', set: { metadata: { plan: 'gold' } }, unset: [] },
    ])
  })

  test('that has a field of others in its book-keeping which no path can name is replaced whole', async () => {
    const sync = { ...storedDocument.sync, '$their.field': 1 }
    const { work } = await openCountedWork({ 'billing.charges': [{ ...storedDocument, sync }] })
    await toldAgain(work)
    expect(changeSetOf(work).writes).toMatchObject([{ kind: 'replace' }])
  })

  test('is not written when only its last source differs', async () => {
    const work = await openStored()
    work.projections.charge.put({ ...stored, lastSource: 'webhook' })
    expect(changeSetOf(work)).toEqual({ writes: [], notices: [] })
  })

  test('is noticed as deleted once', async () => {
    const work = await openStored()
    const gone = { at: 3, content: null, deletes: true }
    const deleted = charge({ at: 1, content: { id: 'ch_1', status: 'pending' } }, gone)
    work.projections.charge.put(deleted)
    expect(changeSetOf(work).notices).toMatchObject([{ kind: 'charge.deleted' }])
    const { work: next } = await openCountedWork({
      'billing.charges': [{ ...documentOf('acct_1', deleted, commitTime) }],
    })
    await next.projections.charge.get('ch_1')
    next.projections.charge.put({ ...deleted, canonical: { invoice: 'in_1' } })
    expect(changeSetOf(next).notices).toMatchObject([{ kind: 'charge.updated' }])
  })

  test('is in no change set once its put was rolled back', async () => {
    const { work } = await openCountedWork()
    const savepoint = work.savepoint()
    work.projections.charge.put(stored)
    work.rollback(savepoint)
    expect(changeSetOf(work)).toEqual({ writes: [], notices: [] })
  })
})

describe('a visible change', () => {
  test('is a new projection, or one that people see differ', () => {
    expect(isVisiblyChanged(null, stored)).toBe(true)
    expect(isVisiblyChanged(stored, { ...stored, canonical: { invoice: 'in_1' } })).toBe(true)
  })

  test('is not book-keeping, snapshots or the same again', () => {
    expect(isVisiblyChanged(stored, stored)).toBe(false)
    expect(isVisiblyChanged(stored, { ...stored, paymentTold: true, lastSource: 'webhook' })).toBe(false)
    expect(isVisiblyChanged(stored, { ...stored, expanded: { customer: { id: 'cus_1' } } })).toBe(false)
  })

  test('is any difference in a document of the desk', () => {
    expect(isVisiblyChanged(theirs, { ...theirs })).toBe(false)
    expect(isVisiblyChanged(theirs, { ...theirs, name: 'Anna' })).toBe(true)
    expect(isVisiblyChanged(null, theirs)).toBe(true)
  })
})

describe('a contact that a batch changes and changes back', () => {
  test('is neither written nor told of', async () => {
    let seconds = 0
    const deliveries = new EventDeliveries({ now: () => new Date(++seconds * 1_000) })
    const told = (type: string, at: number, email: string) =>
      stripeEvent({ type, at, object: customer({ email }) })
    await deliveries.deliver(
      stripeEvent({ type: 'invoice.paid', at: 4, object: paidInvoice({ customer_email: 'a@example.com' }) }),
    )
    const before = deliveries.only('crm.contacts')
    await deliveries.deliver(
      told('customer.created', 1, 'b@example.com'),
      told('customer.updated', 2, 'a@example.com'),
    )
    expect(deliveries.only('crm.contacts')).toEqual(before)
    expect(deliveries.lastNotices.map(({ kind }) => kind)).toEqual(['customer.created'])
  })
})
