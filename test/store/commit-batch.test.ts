import type { Document } from 'mongodb'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../src/core/inbox-row.ts'
import { BillingSyncError } from '../../src/errors.ts'
import type { Commit } from '../../src/ports/pipeline-store.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { collectionIndexes, ensureCollections } from '../../src/store/collections.ts'
import { commitBatch } from '../../src/store/commit-batch.ts'
import { receiveEvents } from '../../src/store/inbox.ts'
import { queueOnly } from '../../src/store/outbox-rows.ts'
import { fixtureAccount as account, deliveryOf, numberedEvent } from '../support/deliveries.ts'
import { startFaultServer } from '../support/fault-server.ts'

const server = await startFaultServer()
const { db } = server
/** To come: what is settled now expires a minute later, and MongoDB looks for what has expired every minute. */
const now = new Date('2100-01-01T00:00:00Z')
const rowId = `${account}:evt_1`

beforeAll(() => ensureCollections(db))

beforeEach(async () => {
  for (const name of Object.keys(collectionIndexes)) await db.collection(name).deleteMany({})
  await openAccountRow(db, account)
  await receiveEvents(db, [deliveryOf(numberedEvent(1))], 'replay')
})

const rows = (collection: string) => db.collection<Document & { readonly _id: string }>(collection)

const chargeDocument = (id: string) => ({ _id: `${account}:${id}`, stripe_id: id, stripe_user_id: account })

const pending = { status: 'pending', attempts: 0 } as const

/** One charge, its notice and its settled row. */
const commit = (changes: Partial<Commit> = {}): Commit => ({
  account,
  seq: 0,
  now,
  writes: [{ kind: 'insert', collection: 'billing.charges', document: chargeDocument('ch_1') }],
  notices: [{ kind: 'charge.created', collection: 'billing.charges', stripe_id: 'ch_1', event_id: 'evt_1' }],
  settlements: [{ rowId, expected: pending, next: settle(pending, 'applied', now) }],
  ...changes,
})

const run = (changes: Partial<Commit> = {}, targets = queueOnly): Promise<boolean> =>
  commitBatch(commit(changes), { client: server.client, db, retentionMs: 60_000, targets })

const state = async (): Promise<Document> => ({
  charges: (await db.collection('billing.charges').find().toArray()).map(({ stripe_id }) => stripe_id),
  notices: (await db.collection('queue.jobs').find().toArray()).map(({ id }) => id),
  status: (await rows('billing.events').findOne({ _id: rowId }))?.status,
  seq: (await rows('billing.accounts').findOne({ _id: account }))?.seq,
})

const nothing = { charges: [], notices: [], status: 'pending', seq: 0 }
const everything = { charges: ['ch_1'], notices: [`${account}-1-1`], status: 'done', seq: 1 }

const codeOf = (error: unknown): string => (error instanceof BillingSyncError ? error.code : String(error))

describe('a batch', () => {
  test('is written as a whole and raises the sequence number', async () => {
    expect(await run()).toBe(true)
    expect(await state()).toEqual(everything)
    const notice = await db.collection('queue.jobs').findOne()
    expect(notice).toMatchObject({
      at: now,
      stripe_user_id: account,
      expires_at: new Date(now.getTime() + 60_000),
    })
  })

  test('lets a done row expire and a failed one stay', async () => {
    await run()
    const next = { ...settle(pending, 'applied', now), status: 'failed' } as const
    await receiveEvents(db, [deliveryOf(numberedEvent(2))], 'replay')
    await run({
      seq: 1,
      writes: [],
      notices: [],
      settlements: [{ rowId: `${account}:evt_2`, expected: pending, next }],
    })
    const rows = await db.collection('billing.events').find().sort({ _id: 1 }).toArray()
    expect(rows.map(({ status, expires_at }) => [status, expires_at instanceof Date])).toEqual([
      ['done', true],
      ['failed', false],
    ])
  })

  test('lets a row that was ignored expire no more once it waits', async () => {
    const ignored = settle(pending, 'ignored', now)
    await run({ writes: [], notices: [], settlements: [{ rowId, expected: pending, next: ignored }] })
    const expected = { status: 'ignored', attempts: 0 } as const
    const next = settle(expected, 'parked', now)
    await run({ seq: 1, writes: [], notices: [], settlements: [{ rowId, expected, next }] })
    const row = await rows('billing.events').findOne({ _id: rowId })
    expect([row?.status, row?.expires_at]).toEqual(['parked', undefined])
  })

  test('writes a row that the inbox does not hold yet, settled', async () => {
    const delivery = deliveryOf(numberedEvent(2))
    const newRow = { delivery, source: 'replay' } as const
    const next = settle(pending, 'applied', now)
    const settlements = [
      ...commit().settlements,
      { rowId: `${account}:evt_2`, expected: pending, next, newRow },
    ]
    expect(await run({ settlements })).toBe(true)
    const written = await rows('billing.events').findOne({ _id: `${account}:evt_2` })
    expect(written).toMatchObject({ status: 'done', outcome: 'applied', source: 'replay', event_id: 'evt_2' })
    expect(written?.payload.buffer).toEqual(Buffer.from(delivery.payload))
    expect(written?.expires_at).toEqual(new Date(now.getTime() + 60_000))
    // No event is handled before it was received.
    expect([written?.received_at, written?.processed_at]).toEqual([now, now])
  })

  test('writes nothing when somebody else stored its new row meanwhile', async () => {
    const newRow = { delivery: deliveryOf(numberedEvent(1)), source: 'replay' } as const
    const next = settle(pending, 'applied', now)
    expect(await run({ settlements: [{ rowId, expected: pending, next, newRow }] }).catch(codeOf)).toBe(
      'document_conflict',
    )
    expect(await state()).toEqual(nothing)
  })

  test('writes nothing when another writer raised the sequence number', async () => {
    expect(await run({ seq: 7 })).toBe(false)
    expect(await state()).toEqual(nothing)
  })

  test('writes nothing when somebody else settled its row meanwhile', async () => {
    await db.collection('billing.events').updateOne({}, { $set: { status: 'done' } })
    expect(await run()).toBe(false)
    expect(await state()).toEqual({ ...nothing, status: 'done' })
  })

  test('owes its receivers something only if it takes place', async () => {
    const targets = { queue: 'redis', sockets: true } as const
    await db.collection('billing.events').updateOne({}, { $set: { status: 'done' } })
    expect(await run({}, targets)).toBe(false)
    expect(await rows('billing.outbox').distinct('_id')).toEqual([])
    expect(await run({ settlements: [] }, targets)).toBe(true)
    const owed = ['queue', 'socket'].map((sink) => `${account}-1-${sink}`)
    expect(await rows('billing.outbox').distinct('_id')).toEqual(owed)
  })

  test('writes nothing when its row was tried again meanwhile', async () => {
    await db.collection('billing.events').updateOne({}, { $inc: { attempts: 1 } })
    expect(await run()).toBe(false)
    expect(await state()).toEqual(nothing)
  })

  test('writes nothing when a document it replaces is gone', async () => {
    const replace = {
      kind: 'replace',
      collection: 'billing.charges',
      document: chargeDocument('ch_2'),
    } as const
    expect(await run({ writes: [...commit().writes, replace] })).toBe(false)
    expect(await state()).toEqual(nothing)
  })

  test('never takes a taken document id for success', async () => {
    await rows('billing.charges').insertOne({ ...chargeDocument('ch_1'), mine: true })
    expect(await run().catch(codeOf)).toBe('document_conflict')
    expect(await state()).toEqual({ ...nothing, charges: ['ch_1'] })
    expect(await db.collection('billing.charges').findOne()).toHaveProperty('mine')
  })

  test('never takes a taken unique key for success', async () => {
    const message = (_id: string) => ({ _id, stripe_user_id: account, dedupe_key: 'invoice:in_1' })
    await rows('support.messages').insertOne(message('theirs'))
    const insert = { kind: 'insert', collection: 'support.messages', document: message('ours') } as const
    expect(await run({ writes: [...commit().writes, insert] }).catch(codeOf)).toBe('document_conflict')
    expect(await state()).toEqual(nothing)
    expect(await db.collection('support.messages').countDocuments()).toBe(1)
  })

  test('writes nothing when a document is larger than MongoDB holds', async () => {
    const document = { ...chargeDocument('ch_2'), list: Array.from({ length: 1_500_000 }, () => 1) }
    const insert = { kind: 'insert', collection: 'billing.charges', document } as const
    expect(await run({ writes: [...commit().writes, insert] }).catch(codeOf)).toBe('payload_unstorable')
    expect(await state()).toEqual(nothing)
  })

  test('writes nothing when an index cannot take a document', async () => {
    const document = { ...chargeDocument('ch_2'), status: ['a', 'b'], created: [1, 2] }
    const insert = { kind: 'insert', collection: 'billing.charges', document } as const
    expect(await run({ writes: [...commit().writes, insert] }).catch(codeOf)).toBe('payload_unstorable')
    expect(await state()).toEqual(nothing)
  })

  // The server has an error of its own for a document that is hardly too large.
  test.each([
    ['much', 9_000_000, 9_000_000],
    ['hardly', 16_770_000, 10_000],
  ])(
    'writes nothing when an update makes a document %s larger than MongoDB holds',
    async (_, stored, set) => {
      await rows('crm.contacts').insertOne({ _id: 'c', stripe_user_id: account, notes: 'x'.repeat(stored) })
      const update = {
        kind: 'update',
        collection: 'crm.contacts',
        id: 'c',
        set: { name: 'x'.repeat(set) },
        unset: [],
      } as const
      expect(await run({ writes: [...commit().writes, update] }).catch(codeOf)).toBe('payload_unstorable')
      expect(await state()).toEqual(nothing)
    },
  )
})

describe('a commit whose answer is lost', () => {
  const unknownResult = { errorLabels: ['UnknownTransactionCommitResult'] }

  test.each([
    ['the connection is cut once', { closeConnection: true }, 1],
    // The driver itself asks a second time.
    ['the connection is cut three times', { closeConnection: true }, 3],
    ['the result is unknown', { errorCode: 50, ...unknownResult }, 3],
    ['the write concern fails', { writeConcernError: { code: 91, errmsg: 'shutting down' } }, 3],
    ['the write concern runs out of time', { writeConcernError: { code: 64, errmsg: 'timed out' } }, 2],
  ])('takes place exactly once: %s', async (_title, failure, times) => {
    await server.fail(['commitTransaction'], failure, times)
    expect(await run()).toBe(true)
    expect(await state()).toEqual(everything)
  })

  test.each([{ closeConnection: true }, { errorCode: 50, ...unknownResult }])(
    'is reported as an outage when it stays unknown: %j',
    async (failure) => {
      await server.fail(['commitTransaction'], failure)
      expect(await run().catch(codeOf)).toBe('mongodb_unavailable')
      expect([nothing, everything]).toContainEqual(await state())
    },
  )
})

describe('a transaction that is cut off', () => {
  test.each(['update', 'insert'])('writes nothing: the connection is lost at %s', async (command) => {
    await server.fail([command], { closeConnection: true }, 1)
    expect([false, 'mongodb_unavailable']).toContain(await run().catch(codeOf))
    expect(await state()).toEqual(nothing)
  })

  test('writes nothing and is run again where another writer has the account', async () => {
    await server.fail(['update'], { errorCode: 112, errorLabels: ['TransientTransactionError'] }, 1)
    expect(await run()).toBe(false)
    expect(await state()).toEqual(nothing)
  })

  test.each([
    [112, ['TransientTransactionError'], 'commit_too_heavy'],
    [290, [], 'commit_too_slow'],
    [388, [], 'payload_unstorable'],
  ])('writes nothing after error %d once it has the account', async (errorCode, errorLabels, code) => {
    await server.fail(['insert'], { errorCode, errorLabels }, 1)
    expect(await run().catch(codeOf)).toBe(code)
    expect(await state()).toEqual(nothing)
  })

  // As where the server has ended it, or another has taken over that never knew it.
  test.each(['insert', 'update', 'commitTransaction'])(
    'writes nothing and is run again where the server no longer knows it at %s',
    async (command) => {
      await server.fail([command], { errorCode: 251, errorLabels: ['TransientTransactionError'] }, 1)
      expect(await run()).toBe(false)
      expect(await state()).toEqual(nothing)
      expect(await run()).toBe(true)
      expect(await state()).toEqual(everything)
    },
  )

  test('writes nothing when the server steps down', async () => {
    await server.fail(['update'], { errorCode: 10_107, errorLabels: ['TransientTransactionError'] }, 1)
    expect([false, 'mongodb_unavailable']).toContain(await run().catch(codeOf))
    expect(await state()).toEqual(nothing)
  })

  test('leaves the account free for the next batch', async () => {
    await server.fail(['insert'], { closeConnection: true }, 1)
    await run().catch(codeOf)
    expect(await run()).toBe(true)
    expect(await state()).toEqual(everything)
  })
})

test('of two batches at once one is written', async () => {
  const other = { kind: 'insert', collection: 'billing.charges', document: chargeDocument('ch_2') } as const
  const results = await Promise.all([run(), run({ writes: [other], settlements: [] })])
  expect(results.filter(Boolean)).toHaveLength(1)
  const { charges, seq } = await state()
  expect([charges, seq]).toEqual([[results[0] ? 'ch_1' : 'ch_2'], 1])
})
