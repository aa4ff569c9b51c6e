import { once } from 'node:events'
import {
  MongoBulkWriteError,
  MongoClient,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
} from 'mongodb'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import {
  judgeTransactionError,
  takenIndexes,
  transactionEnd,
  translateMongoErrors,
} from '../../src/store/mongo-errors.ts'
import { RefusedWrite } from '../../src/store/write-commands.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()

const serverError = (code: number, ...errorLabels: string[]) =>
  new MongoServerError({ message: 'for user secret@host', code, errorLabels })

/** What mongod 6.0.5 answers for a new index on a full disk; as a refused write for a new collection. */
const noRoomForIndex = { code: 8, codeName: 'UnknownError', errmsg: '28: No space left on device', ok: 0 }

describe('an error inside a transaction', () => {
  test.each([
    ['a write conflict', serverError(112, 'TransientTransactionError'), 'crowded'],
    ['a session that the server does not know', serverError(251, 'TransientTransactionError'), 'again'],
    ['a transaction that does not fit into the cache', serverError(388), 'overflowing'],
    ['a key that is taken', serverError(11_000), 'taken'],
    ['a document that is too large', serverError(10_334), 'unstorable'],
    ['a document that an update makes too large', serverError(17_419), 'unstorable'],
    ['a document that the driver refuses', new MongoInvalidArgumentError('too large'), 'unstorable'],
    ['a document that outgrows a buffer', new RangeError('offset'), 'unstorable'],
    ['a document that a validator refuses', serverError(121), 'invalid'],
    ['a lost connection', new MongoNetworkError('x'), 'unavailable'],
    ['a server that steps down', serverError(10_107), 'unavailable'],
    ['a transaction that outlived its time', serverError(290), 'outlasted'],
    ['a transaction whose session was killed', serverError(11_601), 'unavailable'],
    ['a server whose disk is full', serverError(14_031), 'unavailable'],
    ['a disk without room for an index', new MongoServerError(noRoomForIndex), 'unavailable'],
    ['any other error without a code of its own', serverError(8), 'ours'],
    ['storage of Atlas that is full', serverError(8_000), 'unavailable'],
    ['a commit whose answer is unknown', serverError(50, 'UnknownTransactionCommitResult'), 'unavailable'],
    ['anything else of the server', serverError(2), 'ours'],
    ['a fault of our own', new TypeError('x'), 'ours'],
  ] as const)('is judged: %s', (_title, error, verdict) => {
    expect(judgeTransactionError(error)).toBe(verdict)
  })

  test.each([
    [388, 'overflowing'],
    [112, 'crowded'],
    [290, 'outlasted'],
    [11_000, 'taken'],
    [91, 'unavailable'],
    [2, 'ours'],
  ])('is judged the same where one write is refused with it: %d', (code, verdict) => {
    expect(judgeTransactionError(new RefusedWrite({ code, errmsg: 'x' }, 'billing.charges'))).toBe(verdict)
  })

  test('is an outage, told as a full disk, where there is no room for what one write makes', () => {
    const refused = new RefusedWrite(noRoomForIndex, 'billing.charges')
    expect(judgeTransactionError(refused)).toBe('unavailable')
    expect(transactionEnd(refused)).toBe('its disk is full, make room there')
    expect(transactionEnd(new MongoNetworkError('x'))).toBe('the transaction was cut off')
  })

  test('of a real duplicate is judged to be a key that is taken', async () => {
    const notes = db.collection<{ _id: string }>('notes')
    await notes.insertOne({ _id: 'a' })
    const error = await notes.bulkWrite([{ insertOne: { document: { _id: 'a' } } }]).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(MongoBulkWriteError)
    expect(judgeTransactionError(error)).toBe('taken')
  })
})

describe('takenIndexes', () => {
  const notes = db.collection<{ _id: string; n?: number }>('taken')

  test('tells which rows of an insert were there', async () => {
    await notes.insertMany([{ _id: 'a' }, { _id: 'c' }])
    const rows = ['a', 'b', 'c'].map((_id) => ({ _id }))
    const error = await notes.insertMany(rows, { ordered: false }).catch((thrown) => thrown)
    expect(takenIndexes(error)).toEqual(new Set([0, 2]))
  })

  test('passes on any other failure, be some keys taken or not', async () => {
    await db.command({ collMod: 'taken', validator: { n: { $ne: 1 } } })
    const rows = [{ _id: 'a' }, { _id: 'd', n: 1 }]
    const error = await notes.insertMany(rows, { ordered: false }).catch((thrown) => thrown)
    expect(() => takenIndexes(error)).toThrow(error)
    expect(() => takenIndexes(serverError(11_000))).toThrow(MongoServerError)
  })
})

describe('translateMongoErrors', () => {
  const translate = (thrown: unknown): Promise<unknown> =>
    translateMongoErrors(() => Promise.reject(thrown)).catch((error: unknown) => error)

  test.each([
    ['a lost connection', new MongoNetworkError('secret@host'), 'mongodb_unavailable'],
    ['a server that stops', serverError(11_600), 'mongodb_unavailable'],
    ['a write that may be tried again', serverError(50, 'RetryableWriteError'), 'mongodb_unavailable'],
    [
      'a host that has no address',
      Object.assign(new Error('querySrv'), { syscall: 'querySrv' }),
      'mongodb_unavailable',
    ],
    ['a wrong password', serverError(18), 'config_invalid'],
    ['a wrong password of Atlas', serverError(8_000, 'HandshakeError'), 'config_invalid'],
    ['what Atlas refuses later on', serverError(8_000), 'mongodb_unavailable'],
    ['a user without rights', serverError(13), 'config_invalid'],
    ['a database name with a blank', serverError(73), 'config_invalid'],
    ['a server that ran out of time over a read', serverError(262), 'mongodb_unavailable'],
    ['a member behind it that is not reached', serverError(6), 'mongodb_unavailable'],
    ['a cursor that its restart took along', serverError(43), 'mongodb_unavailable'],
  ])('gives %s its code and tells no secret', async (_title, thrown, code) => {
    const error = await translate(thrown)
    expect(error).toBeInstanceOf(BillingSyncError)
    expect(error).toMatchObject({ code, cause: thrown })
    expect(String(error)).not.toContain('secret')
  })

  test('takes what a closed client is asked for, and what it waited for, for an outage', async () => {
    const client = new MongoClient('mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=60000')
    const ping = () => translateMongoErrors(() => client.db().command({ ping: 1 }))
    const looking = once(client, 'serverHeartbeatFailed')
    const waiting = ping().catch((error: unknown) => error)
    await looking
    await client.close()
    const ended = { code: 'mongodb_unavailable', details: { reason: 'the wait for it was ended' } }
    expect(await waiting).toMatchObject(ended)
    await expect(ping()).rejects.toMatchObject(ended)
  })

  test('names the code of what the server answers', async () => {
    const answer = { message: 'of secret@host', code: 91, codeName: 'ShutdownInProgress' }
    expect(await translate(new MongoServerError(answer))).toMatchObject({
      details: { reason: 'server error 91 (ShutdownInProgress)' },
    })
    expect(await translate(serverError(50))).toMatchObject({ details: { reason: 'server error 50' } })
  })

  test.each([
    ['out of disk space', { code: 14_031, errmsg: 'of secret@host' }],
    ['of a command', noRoomForIndex],
    [
      'of a build',
      { ...noRoomForIndex, errmsg: 'Index build failed: x :: caused by :: 28: No space left on device' },
    ],
  ])('tells that the disk is full where the server says so: %s', async (_where, answer) => {
    expect(await translate(new MongoServerError(answer))).toMatchObject({
      code: 'mongodb_unavailable',
      details: { reason: 'its disk is full, make room there' },
    })
  })

  test.each([
    ['its connection was cut off', new MongoNetworkError('connection 1 to secret@host closed')],
    ['its answer took too long', new MongoNetworkTimeoutError('connection 1 to secret@host timed out')],
  ])('tells a lost connection in words: %s', async (reason, thrown) => {
    expect(await translate(thrown)).toMatchObject({ details: { reason } })
  })

  test('passes on what is no trouble of the server', async () => {
    const fault = new TypeError('x')
    expect(await translate(fault)).toBe(fault)
    for (const refused of [serverError(2), serverError(8)]) expect(await translate(refused)).toBe(refused)
  })

  test('answers what the operation answers', async () => {
    expect(await translateMongoErrors(() => Promise.resolve(7))).toBe(7)
  })
})
