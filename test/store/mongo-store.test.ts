import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { listAccounts } from '../../src/store/accounts.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { receiveEvents } from '../../src/store/inbox.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { platformAccountOf } from '../../src/store/platform-account.ts'
import { deliveryOf, numberedEvent } from '../support/deliveries.ts'
import { startFaultServer } from '../support/fault-server.ts'

const server = await startFaultServer()
const { client, db } = server
const options = { client, db, parkUnknown: false, retentionMs: 60_000 }
const store = openMongoStore(options)
const parking = openMongoStore({ ...options, parkUnknown: true })

beforeAll(() => ensureCollections(db))

beforeEach(async () => {
  await db.collection('billing.accounts').deleteMany({})
})

test('an account is opened with its settings and sequence number', async () => {
  await listAccounts(db, [{ stripe_user_id: 'acct_1', new_contact: true }])
  const opened = await store.openAccount('acct_1')
  expect(opened).toMatchObject({ settings: { id: 'acct_1', newContact: true }, seq: 1, parked: false })
})

test('an account that no config lists is parked only where that is asked for', async () => {
  expect((await store.openAccount('acct_1')).parked).toBe(false)
  expect((await parking.openAccount('acct_1')).parked).toBe(true)
  await listAccounts(db, [{ stripe_user_id: 'acct_1' }])
  expect((await parking.openAccount('acct_1')).parked).toBe(false)
})

test("the platform's account is never parked", async () => {
  await platformAccountOf({ client, db }, { configured: 'acct_platform', ask: null })
  expect((await parking.openAccount('acct_platform')).parked).toBe(false)
})

test('a commit raises the sequence number that the next opening answers', async () => {
  const { seq } = await store.openAccount('acct_1')
  const commit = { account: 'acct_1', seq, now: new Date(), writes: [], notices: [], settlements: [] }
  expect(await store.commit(commit)).toBe(true)
  expect((await store.openAccount('acct_1')).seq).toBe(seq + 1)
  expect(await store.commit(commit)).toBe(false)
})

describe('while MongoDB is away', () => {
  const cut = { closeConnection: true }

  const codeOf = (operation: Promise<unknown>): Promise<unknown> =>
    operation.catch((error: unknown) =>
      error instanceof BillingSyncError ? [error.code, error.retryable] : error,
    )

  test('opening an account says so', async () => {
    await server.fail(['find'], cut)
    expect(await codeOf(store.openAccount('acct_1'))).toEqual(['mongodb_unavailable', true])
  })

  test('each way of reading says so', async () => {
    const { reader } = await store.openAccount('acct_1')
    await server.fail(['find', 'aggregate'], cut)
    const reads = [
      reader.byDocumentIds('billing.charges', ['acct_1:ch_1']),
      reader.byField({ collection: 'billing.charges', field: 'invoice' }, ['in_1']),
      reader.currency('USD'),
    ]
    for (const read of await Promise.all(reads.map(codeOf)))
      expect(read).toEqual(['mongodb_unavailable', true])
  })

  test.each([
    ['is cut off', cut],
    ['is not acknowledged by the others', { writeConcernError: { code: 64, errmsg: 'timed out' } }],
    ['reaches a server that steps down', { errorCode: 10_107 }],
  ])('an insert into the inbox that %s says so', async (_title, failure) => {
    await server.fail(['insert'], failure)
    const received = receiveEvents(db, [deliveryOf(numberedEvent(1))], 'replay')
    expect(await codeOf(received)).toEqual(['mongodb_unavailable', true])
  })

  test('an event whose insert failed is received when it comes again', async () => {
    await db.collection('billing.events').deleteMany({})
    await server.fail(['insert'], cut, 2)
    const receive = () => receiveEvents(db, [deliveryOf(numberedEvent(1))], 'replay')
    expect(await codeOf(receive())).toEqual(['mongodb_unavailable', true])
    expect(await db.collection('billing.events').countDocuments()).toBe(0)
    expect(await receive()).toMatchObject([{ conflict: false, state: { status: 'pending' } }])
    expect(await db.collection('billing.events').countDocuments()).toBe(1)
  })

  test('writing the accounts of the config says so', async () => {
    await server.fail(['update'], cut)
    expect(await codeOf(listAccounts(db, [{ stripe_user_id: 'acct_1' }]))).toEqual([
      'mongodb_unavailable',
      true,
    ])
  })
})
