import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryOptions, handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import type { Commit, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { seedCurrencies } from '../../src/store/currencies.ts'
import { lookUpEvents, receiveEvents } from '../../src/store/inbox.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { deliveryOf, numberedEvent } from '../support/deliveries.ts'
import { startFaultServer } from '../support/fault-server.ts'

const server = await startFaultServer()
const { client, db } = server

beforeAll(async () => {
  await ensureCollections(db)
  await seedCurrencies(db)
})

/** Options as `replay` has them, but for a shorter patience; every commit that is tried is noted. */
const open = () => {
  const tried: Commit[] = []
  const waited: (string | null)[] = []
  const mongo = openMongoStore({ client, db, parkUnknown: false, retentionMs: 60_000 })
  const store: PipelineStore = {
    openAccount: mongo.openAccount,
    commit: (commit) => {
      tried.push(commit)
      return mongo.commit(commit)
    },
  }
  const options: DeliveryOptions = {
    store,
    receive: (deliveries) => lookUpEvents(db, deliveries, 'replay'),
    keep: async (deliveries) => void (await receiveEvents(db, deliveries, 'replay')),
    source: 'replay',
    effects: 'missing',
    livemode: null,
    now: () => new Date(),
    random: () => 0.5,
    readObjects: null,
    onLostCommit: () => undefined,
    onWaiting: (reason) => waited.push(reason),
    patienceMs: 1_000,
  }
  return { options, tried, waited }
}

const account = (name: string) => ({ account: name })
const charge = (number: number, name: string, description = '') =>
  deliveryOf({ ...numberedEvent(number, { changes: { description } }), ...account(name) })

/** A commit whose end is unknown holds the account, too. */
const passing = expect.stringMatching(/^(mongodb_unavailable|account_busy)$/)

describe('trouble that passes', () => {
  test('is waited out, and told while it lasts', async () => {
    const { options, waited } = open()
    await server.fail(['commitTransaction'], { closeConnection: true }, 12)
    const { outcomes } = await handleDeliveries([charge(1, 'acct_wait')], { ...options, patienceMs: 20_000 })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([expect.stringMatching(/^(applied|unchanged)$/)])
    expect(waited.some((reason) => reason?.includes('MongoDB does not answer'))).toBe(true)
    expect(waited.at(-1)).toBeNull()
  })

  test('leaves its events pending, with no attempt used, once patience is over', async () => {
    const { options } = open()
    await server.fail(['commitTransaction'], { closeConnection: true })
    const { outcomes } = await handleDeliveries([charge(1, 'acct_given'), charge(2, 'acct_given')], options)
    expect(outcomes.map(({ outcome, failure }) => [outcome, failure?.code])).toEqual([
      ['failed', passing],
      ['failed', passing],
    ])
    const rows = await db.collection('billing.events').find({ stripe_user_id: 'acct_given' }).toArray()
    expect(rows.map(({ status, attempts, error }) => [status, attempts, error])).toEqual([
      ['pending', 0, null],
      ['pending', 0, null],
    ])
    expect(await db.collection('billing.charges').countDocuments({ stripe_user_id: 'acct_given' })).toBe(0)
  })
})

describe('a batch that the server refuses', () => {
  // Metadata is stored twice, so the document is larger than what came in.
  const large = 'x'.repeat(6 * 1024 * 1024)
  const metadata = { a: large }
  const tooLarge = (number: number, name: string) =>
    deliveryOf({ ...numberedEvent(number, { changes: { metadata, description: large } }), ...account(name) })

  test('is halved until the event to blame is alone, and that one is dead', async () => {
    const { options, tried } = open()
    const name = 'acct_halved'
    const deliveries = Array.from({ length: 64 }, (_, index) =>
      index === 40 ? tooLarge(index, name) : charge(index, name),
    )
    const { outcomes } = await handleDeliveries(deliveries, options)
    const failed = outcomes.flatMap(({ failure }, index) => (failure === null ? [] : [[index, failure.code]]))
    expect(failed).toEqual([[40, 'payload_unstorable']])
    expect(await db.collection('billing.charges').countDocuments({ stripe_user_id: name })).toBe(63)
    const dead = await db
      .collection('billing.events')
      .find({ stripe_user_id: name, status: 'dead' })
      .toArray()
    expect(dead.map(({ event_id, attempts }) => [event_id, attempts])).toEqual([['evt_40', 1]])
    // Seven levels, at most two commits on each, and the row of the dead one.
    expect(tried.length).toBeLessThanOrEqual(2 * 7 + 1)
  })
})

test('a batch lets others have the thread before each of its events', async () => {
  const { options } = open()
  const order: string[] = []
  const deliveries = [1, 2].map((number) => charge(number, 'acct_rests'))
  await handleDeliveries(deliveries, {
    ...options,
    rest: async () => {
      await nextTurnOfLoop()
      order.push('others')
    },
    store: {
      ...options.store,
      commit: (commit) => {
        order.push('commit')
        return options.store.commit(commit)
      },
    },
  })
  expect(order).toEqual(['others', 'others', 'commit'])
})

describe('a commit that MongoDB ends for its weight', () => {
  const conflict = { errorCode: 112, errorLabels: ['TransientTransactionError'] }

  test('goes through in parts', async () => {
    const { options, tried } = open()
    await server.fail(['insert'], conflict, 1)
    const deliveries = [1, 2, 3, 4].map((number) => charge(number, 'acct_parts'))
    const { outcomes } = await handleDeliveries(deliveries, options)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(deliveries.map(() => 'applied'))
    expect(tried.map(({ settlements }) => settlements.length)).toEqual([4, 2, 2])
  })

  test('counts as lost to others for a while where it has no parts', async () => {
    const { options, tried } = open()
    await server.fail(['insert'], conflict, 5)
    const { outcomes } = await handleDeliveries([charge(1, 'acct_met')], { ...options, patienceMs: 20_000 })
    expect(outcomes).toEqual([{ outcome: 'applied', failure: null }])
    expect(tried).toHaveLength(6)
  })

  test('fails the one event that never goes through', async () => {
    const { options } = open()
    await server.fail(['insert'], conflict, 6)
    const { outcomes } = await handleDeliveries([charge(1, 'acct_heavy')], { ...options, patienceMs: 20_000 })
    expect(outcomes.map(({ failure }) => failure?.code)).toEqual(['commit_too_heavy'])
    const row = await db.collection('billing.events').findOne({ stripe_user_id: 'acct_heavy' })
    expect(row).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'commit_too_heavy' } })
  })
})
