import { beforeAll, describe, expect, test } from 'vitest'
import type { Claim } from '../../src/ports/outbox-store.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { MongoOutbox } from '../../src/store/outbox.ts'
import { commitChanges } from '../support/commits.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase({ ignoreUndefined: true })
const receiver = { client, db, targets: { queue: 'redis', sockets: false } } as const

const patience = { timeout: 15_000, interval: 10 }

beforeAll(() => ensureCollections(db))

const laneOf = async (account: string) => {
  await commitChanges(receiver, account, { charges: 1 })
  return { sink: 'queue', account } as const
}

const notNull = (claim: Claim | null): Claim => {
  if (claim === null) throw new TypeError('the lane was not to be had')
  return claim
}

describe('a lane with a row that waits', () => {
  test('is given to one of many that ask at once', async () => {
    const lane = await laneOf('acct_one')
    const outbox = new MongoOutbox(db)
    const claims = await Promise.all([1, 2, 3, 4, 5, 6].map(() => outbox.claim(lane)))
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1)
    expect(await outbox.claim(lane)).toBeNull()
  })

  test('is handed out in the order of its commits', async () => {
    const lane = await laneOf('acct_order')
    for (const charges of [2, 3]) await commitChanges(receiver, 'acct_order', { charges })
    const { rows } = notNull(await new MongoOutbox(db).claim(lane))
    expect(rows.map(({ seq, notices }) => [seq, notices.length])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
  })

  test('is handed out twenty rows at a time, however many wait', async () => {
    const lane = await laneOf('acct_many')
    for (let row = 2; row <= 25; row += 1) await commitChanges(receiver, 'acct_many')
    const { rows } = notNull(await new MongoOutbox(db).claim(lane))
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })

  test('is handed out again as soon as the rows before are settled', async () => {
    const lane = await laneOf('acct_long')
    for (let row = 2; row <= 100; row += 1) await commitChanges(receiver, 'acct_long')
    const outbox = new MongoOutbox(db)
    for (let first = 1; first <= 100; first += 20) {
      const { rows } = notNull(await outbox.claim(lane))
      expect([rows[0].seq, rows.length]).toEqual([first, 20])
      await outbox.settle(lane, rows)
    }
    expect(await outbox.claim(lane)).toBeNull()
  })

  test('is given to another once its lease has ended', async () => {
    const lane = await laneOf('acct_lease')
    notNull(await new MongoOutbox(db, { leaseMs: 1 }).claim(lane))
    await expect.poll(() => new MongoOutbox(db).claim(lane), patience).not.toBeNull()
  })

  test('is no more put off by who has lost it', async () => {
    const lane = await laneOf('acct_late')
    const late = notNull(await new MongoOutbox(db, { leaseMs: 1 }).claim(lane))
    const outbox = new MongoOutbox(db)
    await expect.poll(() => outbox.claim(lane), patience).not.toBeNull()
    await outbox.postpone(late, { pauseMs: 0, attempts: 9 })
    expect(await outbox.claim(lane)).toBeNull()
    expect(await db.collection('billing.outbox').findOne({ stripe_user_id: 'acct_late' })).toMatchObject({
      attempts: 0,
    })
  })
})
