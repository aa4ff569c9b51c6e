import { describe, expect, onTestFinished, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { deriveDueContacts } from '../../src/pipeline/derive-contacts.ts'
import { handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import type { Commit, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { listAccounts } from '../../src/store/accounts.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { customersAfter } from '../../src/store/contacts-due.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { customer, paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { openDatabaseForTest } from '../support/database.ts'
import { deliveryOf } from '../support/deliveries.ts'
import { deliveryOptions } from '../support/reading-pipeline.ts'

type Rules = readonly { readonly from: string; readonly to: string }[]

const before: Rules = [
  { from: 'email', to: 'email' },
  { from: 'name', to: 'last_name' },
  { from: 'metadata.plan', to: 'custom.plan' },
]
const after: Rules = [
  { from: 'email', to: 'email' },
  { from: 'name', to: 'custom.name' },
]

/** More than one step takes. */
const customers = 250

const born = (number: number) =>
  stripeEvent({
    type: 'customer.created',
    at: 1,
    id: `evt_${number}`,
    object: customer({ id: `cus_${number}`, name: `Ann ${number}`, metadata: { plan: 'pro' } }),
  })
const gone = stripeEvent({
  type: 'customer.deleted',
  at: 9,
  object: { id: 'cus_2', object: 'customer', deleted: true },
})
/** Of a customer that nobody has told. */
const paid = stripeEvent({ type: 'invoice.paid', at: 4, object: paidInvoice({ customer: 'cus_unknown' }) })
const story = [...Array.from({ length: customers }, (_, number) => born(number)), gone, paid]

const theirs = { _id: 'theirs', stripe_user_id: 'acct_1', source: 'crm', stripe_customer_id: 'cus_1' }

const openStory = async (mappings: Rules, { contacts = [] as readonly object[] } = {}) => {
  const { client, db } = await openDatabaseForTest()
  await ensureCollections(db)
  if (contacts.length > 0) await db.collection('crm.contacts').insertMany([...contacts])
  const store = openMongoStore({ client, db, parkUnknown: false, retentionMs: 60_000 })
  const list = (rules: Rules) =>
    listAccounts(db, [{ stripe_user_id: 'acct_1', new_contact: true, mappings: rules }])
  await list(mappings)
  const tell = async (...events: readonly object[]) => {
    const options = { ...deliveryOptions(store, null), effects: 'none' as const }
    await handleDeliveries(
      events.map((event) => deliveryOf(event)),
      options,
    )
  }
  await tell(...story)
  return {
    db,
    store,
    list,
    tell,
    row: () => db.collection<{ _id: string }>('billing.accounts').findOne({ _id: 'acct_1' }),
    contact: (id: string) => db.collection<{ _id: string }>('crm.contacts').findOne({ _id: id as never }),
    contacts: async () => {
      const found = await db.collection('crm.contacts').find().sort({ _id: 1 }).toArray()
      return found.map(({ created_at: _created, updated_at: _updated, ...rest }) => rest)
    },
    derive: (through: PipelineStore = store, signal = new AbortController().signal) =>
      deriveDueContacts('acct_1', {
        ...deliveryOptions(through, null),
        signal,
        customersAfter: (account, reached, most) => customersAfter(db, { account, after: reached, most }),
      }),
  }
}

/** The store as a process sees it that lets a test step in before each commit. */
const watched = (store: PipelineStore, onCommit: (number: number, commit: Commit) => Promise<void>) => {
  const commits: Commit[] = []
  return {
    commits,
    openAccount: (id: string) => store.openAccount(id),
    commit: async (commit: Commit) => {
      await onCommit(commits.push(commit), commit)
      return store.commit(commit)
    },
  }
}

const dies = (): never => {
  throw new TypeError('killed')
}

describe('contacts of an account whose mappings changed', () => {
  test('become what the new mappings make of an empty database', async () => {
    const [changed, fresh] = [await openStory(before), await openStory(after)]
    await changed.list(after)
    await changed.derive()
    expect(await changed.contacts()).toEqual(await fresh.contacts())
    expect(await changed.contacts()).toHaveLength(customers + 1)
    expect(await changed.row()).not.toHaveProperty('contacts_due')
  })

  test('are told of once each, in commits of bounded size', async () => {
    const { store, list, derive } = await openStory(before)
    await list(after)
    const through = watched(store, async () => undefined)
    await derive(through)
    const notices = through.commits.flatMap((commit) => commit.notices)
    expect(notices).toHaveLength(customers + 1)
    expect(new Set(notices.map(({ kind }) => kind))).toEqual(new Set(['contact.updated']))
    expect(Math.max(...through.commits.map(({ writes }) => writes.length))).toBe(201)
  })

  test('are left alone where what they show stays the same', async () => {
    const { contact, list, derive } = await openStory(before)
    const shown = await contact('acct_1:cus_1')
    await list([...before].reverse())
    await derive()
    expect(await contact('acct_1:cus_1')).toEqual(shown)
  })

  test('are finished by the next process where one died in between', async () => {
    const [changed, fresh] = [await openStory(before), await openStory(after)]
    await changed.list(after)
    const dying = watched(changed.store, async (number) => (number > 1 ? dies() : undefined))
    await expect(changed.derive(dying)).rejects.toThrow('killed')
    expect(await changed.contact('acct_1:cus_0')).not.toHaveProperty('last_name')
    expect(await changed.contact('acct_1:cus_99')).toHaveProperty('last_name')
    const next = watched(changed.store, async () => undefined)
    await changed.derive(next)
    expect(await changed.contacts()).toEqual(await fresh.contacts())
    expect(next.commits.flatMap(({ notices }) => notices)).toHaveLength(customers + 1 - 200)
  })

  test('begin anew where mappings change again in between', async () => {
    const [changed, fresh] = [await openStory(before), await openStory(after)]
    await changed.list([{ from: 'id', to: 'stripe' }])
    const meanwhile = watched(changed.store, async (number) => {
      if (number === 2) await changed.list(after)
    })
    await changed.derive(meanwhile)
    expect(await changed.contacts()).toEqual(await fresh.contacts())
  })

  test('show what an event brings in between', async () => {
    const { store, list, tell, derive, contact } = await openStory(before)
    await list(after)
    const renamed = stripeEvent({
      type: 'customer.updated',
      at: 5,
      object: customer({ id: 'cus_7', name: 'Anna' }),
    })
    await derive(watched(store, async (number) => (number === 2 ? tell(renamed) : undefined)))
    expect(await contact('acct_1:cus_7')).toMatchObject({ custom: { name: 'Anna' } })
    expect(await contact('acct_1:cus_7')).not.toHaveProperty('last_name')
  })

  test('keep, where somebody else made them, what only former mappings wrote', async () => {
    const { list, derive, contact } = await openStory(before, { contacts: [theirs] })
    await list(after)
    await derive()
    expect(await contact('theirs')).toMatchObject({
      last_name: 'Ann 1',
      custom: { plan: 'pro', name: 'Ann 1' },
    })
  })

  test('stay as they are up to the signal', async () => {
    const { store, list, derive, row } = await openStory(before)
    await list(after)
    const ending = new AbortController()
    onTestFinished(() => ending.abort())
    await derive(
      watched(store, async () => ending.abort()),
      ending.signal,
    )
    const ids = Array.from({ length: customers }, (_, number) => `cus_${number}`).sort()
    expect(await row()).toHaveProperty('contacts_due.after', ids[199])
  })

  test.each(['document_conflict', 'document_refused'] as const)(
    'that the store refuses stop no other: %s',
    async (code) => {
      const { store, list, derive, contact, row } = await openStory(before)
      await list(after)
      const refusing = watched(store, async (_number, { writes }) => {
        if (writes.some((write) => write.kind === 'update' && write.id === 'acct_1:cus_0'))
          throw new BillingSyncError(code)
      })
      await derive(refusing)
      expect(await contact('acct_1:cus_0')).toHaveProperty('last_name')
      expect(await contact('acct_1:cus_1')).not.toHaveProperty('last_name')
      expect(await row()).not.toHaveProperty('contacts_due')
    },
  )
})
