// `serve` is told to end in the midst of a flood of webhooks. Run by `npm run test:faults`, thirty times, each at a moment
// of its own. Its seed is printed; FAULT_SEED=<seed> repeats the moments.

import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openDatabaseForTest } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { answersOn, connectTo } from '../support/raw-http.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { type DeliveryResult, deliver } from '../support/stripe/deliver.ts'
import { until, untilStored } from '../support/until.ts'
import { seededRandom } from './seeded-random.ts'

const isFull = process.env.FULL === '1'
const rounds = isFull ? 30 : 1
const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000)

const preload = fileURLToPath(new URL('stall-at-end.mjs', import.meta.url))
const request = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

const eventsOfRound = 2_000
const accounts = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `acct_${number}`)

/** How long after the flood has begun the end may come. */
const longestLifeMs = 1_000

/** Starts a process in the midst of a flood of webhooks. */
const startFlooded = async (database: Awaited<ReturnType<typeof openDatabaseForTest>>, round = 0) => {
  const ending = await startServeForTest({ uri: database.uri })
  const many = Array.from({ length: eventsOfRound }, (_, index) => ({
    ...numberedEvent(eventsOfRound * round + index),
    account: accounts[index % accounts.length] ?? '',
  }))
  const rows = database.db.collection('billing.events')
  const before = await rows.countDocuments()
  const sending = deliver(many, { url: ending.webhooks, secret }, { concurrency: 16 })
  await until(async () => (await rows.countDocuments()) > before + 50, 'load')
  return { ending, sending }
}

// A new connection may come when nobody takes it any more. One that was taken is told to close with its answer; only where it
// rested until then can a request still cross the farewell, which on a machine busy with other tests it might.
const wasCutOff = ({ status, isReused }: DeliveryResult): boolean => status === null && isReused

describe('the end', { timeout: 90_000 + rounds * 90_000 }, () => {
  test('under load answers every request that was taken, loses none, and leaves no claim', async () => {
    console.log(`FAULT_SEED=${seed}`)
    const random = seededRandom(seed)
    const database = await openDatabaseForTest()
    const { uri, db } = database
    const rows = db.collection('billing.events')
    const lanes = db.collection('billing.lanes')
    const answered: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      const { ending, sending } = await startFlooded(database, round)
      // Each account has had a turn, however slow the machine is: there is something to leave.
      await untilStored(lanes, {}, accounts.length)
      await wait(random() * longestLifeMs)
      const started = performance.now()
      expect(await ending.stop('SIGTERM')).toMatchObject({ exitCode: 0, stdout: '' })
      expect(performance.now() - started).toBeLessThan(10_000)
      const results = await sending
      const answers = results.filter(({ status }) => status !== null)
      expect(answers.filter(({ status }) => status !== 200)).toEqual([])
      if (isFull) expect(results.filter(wasCutOff)).toEqual([])
      answered.push(...answers.map(({ eventId }) => eventId ?? ''))
      // Whoever came too late found nobody: had it been cut off on its way, it would be stored.
      expect((await rows.distinct('event_id')).toSorted()).toEqual(answered.toSorted())
      expect(await lanes.countDocuments({ worker: { $ne: null } })).toBe(0)
      expect(await lanes.countDocuments()).toBe(accounts.length)
    }
    await startServeForTest({ uri })
    await untilStored(rows, { status: { $ne: 'done' } }, 0)
    expect(await db.collection('billing.charges').countDocuments()).toBe(answered.length)
  })

  test('answers what came while the process stood still', async () => {
    const { uri } = await openDatabaseForTest()
    const env = { NODE_OPTIONS: `--import=${preload}`, STALL_MS: '2000' }
    const serve = await startServeForTest({ uri, args: ['--role', 'ingest'], env })
    const socket = await connectTo(serve.url)
    const answers = answersOn(socket)
    socket.write(request)
    await once(socket, 'data')
    const ended = serve.stop('SIGTERM')
    await serve.awaitLine(({ msg }) => msg === 'standing still')
    socket.write(request)
    expect((await answers).statuses).toEqual([200, 200])
    expect(await ended).toMatchObject({ exitCode: 0 })
  })

  test('comes at once with a second signal', async () => {
    const { ending, sending } = await startFlooded(await openDatabaseForTest())
    void ending.stop('SIGINT')
    await ending.awaitLine(({ msg }) => String(msg).startsWith('ending'))
    expect(await ending.stop('SIGINT')).toMatchObject({ exitCode: 130 })
    await sending
  })
})
