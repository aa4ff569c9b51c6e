// What `serve` answers while MongoDB is away. Run alone, by `npm run test:faults`, it is held to what it promises; among
// other tests, which take the processor from it, with a margin.

import { once, setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { MongoClient } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../../src/store/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'
import { connectTo, sendRaw } from '../support/raw-http.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { signatureHeader } from '../support/stripe/webhook-signature.ts'
import { until, untilStored } from '../support/until.ts'
import { expectHonest, keepDelivering, last, promised } from './honest-answers.ts'

const mongod = await prepareMongodServer()

type Outage = readonly [how: string, away: () => Promise<void>, back: () => Promise<void>]

/** Longer than any election. */
const steppedDown: Outage = ['stepped down for 12 s', () => mongod.stepDown(12), () => mongod.takesWrites()]

/** Tells a log's line of how it ended. */
const isLast = ({ msg }: Readonly<Record<string, unknown>>): boolean => String(msg).startsWith('ended')

const platformEvent = (number: number) => {
  const { account: _account, ...event } = numberedEvent(number)
  return event
}

/** Resolves once everything that was stored is handled. */
const untilDrained = async (): Promise<void> => {
  const client = new MongoClient(mongod.uri)
  onTestFinished(() => client.close())
  const events = client.db().collection('billing.events')
  await untilStored(events, { status: { $ne: 'done' } }, 0)
  const charges = await client.db().collection('billing.charges').countDocuments()
  expect(charges).toBe(await events.countDocuments())
}

/** Requests of one connection, sent without waiting for an answer. */
const pipelined = (count: number, firstNumber: number): string =>
  Array.from({ length: count }, (_, index) => {
    const body = JSON.stringify(numberedEvent(firstNumber + index))
    const head = [
      'POST /webhooks/stripe HTTP/1.1',
      'Host: localhost',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `Stripe-Signature: ${signed(body)}`,
      ...(index === count - 1 ? ['Connection: close'] : []),
    ]
    return `${head.join('\r\n')}\r\n\r\n${body}`
  }).join('')

/** Sends a request all but its last byte; resolves once it is taken up. */
const beginRequest = async (url: string): Promise<Socket> => {
  const socket = await connectTo(url)
  // What is asked before it on its connection is answered once both were read.
  socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${pipelined(1, 1).slice(0, -1)}`)
  await once(socket, 'data')
  return socket
}

const signed = (body: string): string =>
  signatureHeader({ body, secrets: secret, timestamp: Math.floor(Date.now() / 1000) })

describe('while MongoDB is away', { timeout: 120_000 }, () => {
  test('serve starts, answers 503, and takes events once it is there', async () => {
    await mongod.kill()
    const serve = await startServeForTest({ uri: mongod.uri, until: 'listening' })
    const [result] = await deliver([{ ...numberedEvent(1) }], { url: serve.webhooks, secret })
    expect(result).toMatchObject({ status: 503, retryAfter: '5' })
    const [ofPlatform] = await deliver([platformEvent(2)], { url: serve.webhooks, secret })
    expect(ofPlatform).toMatchObject({ status: 503, retryAfter: '5' })
    // It might be the secret of an account's own endpoint, which only the database knows.
    const unknown = { url: serve.webhooks, secret: 'whsec_of_nobody_known_so_far' }
    expect((await deliver([{ ...numberedEvent(3) }], unknown))[0]).toMatchObject({
      status: 503,
      retryAfter: '5',
    })
    const ready = await fetch(`${serve.url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reason: 'mongodb_unavailable', degraded: [] },
    ])
    await mongod.start()
    await serve.awaitLine(({ msg }) => msg === 'serving')
    expect((await deliver([{ ...numberedEvent(1) }], { url: serve.webhooks, secret }))[0]?.status).toBe(200)
    expect((await deliver([{ ...numberedEvent(3) }], unknown))[0]?.status).toBe(400)
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test('a signal ends a serve that waits for it with 0', async () => {
    await mongod.kill()
    const serve = await startServeForTest({ uri: mongod.uri, until: 'listening' })
    const started = performance.now()
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
    expect(performance.now() - started).toBeLessThan(promised.endMs)
  })

  test.each<Outage>([
    ['killed', () => mongod.kill(), () => mongod.start()],
    ['frozen', async () => mongod.freeze(), async () => mongod.thaw()],
    ...(process.env.FULL === '1' ? [steppedDown] : []),
  ])('%s, every answer is in time and honest, and all goes on by itself', async (_how, away, back) => {
    await mongod.start()
    const serve = await startServeForTest({ uri: mongod.uri })
    const load = keepDelivering(serve.webhooks, 1_000)
    await until(() => last(load.results, 200), 'sixteen answers 200')
    await away()
    await until(() => last(load.results, 503), 'sixteen answers 503')
    const alone = await deliver(
      Array.from({ length: 21 }, (_, index) => ({ ...numberedEvent(500 + index) })),
      { url: serve.webhooks, secret },
    )
    // Known to be down, it is told at once; the load goes on meanwhile, on the same two cores.
    expect(alone.map(({ ms }) => ms).toSorted((one, other) => one - other)[10]).toBeLessThan(promised.knownMs)
    expect(new Set(alone.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['5']))
    expect((await fetch(`${serve.url}/readyz`)).status).toBe(503)
    await back()
    const returned = performance.now()
    await until(() => load.results.at(-1)?.status === 200, 'an answer 200')
    expect(performance.now() - returned).toBeLessThan(promised.recoveryMs)
    await load.stop()
    await expectHonest(load.results, mongod.uri)
    await untilDrained()
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test.each<Outage>([
    ['killed', () => mongod.kill(), () => mongod.start()],
    ['frozen', async () => mongod.freeze(), async () => mongod.thaw()],
  ])('%s, the first events of the platform are answered in time too', async (_how, away, back) => {
    await mongod.start()
    const client = new MongoClient(mongod.uri)
    onTestFinished(() => client.close())
    await client.db().collection('billing.accounts').deleteMany({ platform: true })
    const serve = await startServeForTest({ uri: mongod.uri })
    await away()
    const endpoint = { url: serve.webhooks, secret }
    const first = await deliver([platformEvent(3)], endpoint)
    const others = await deliver(
      Array.from({ length: 11 }, (_, index) => platformEvent(10 + index)),
      endpoint,
    )
    expect(first[0]?.ms).toBeLessThan(promised.answerMs)
    expect(others.map(({ ms }) => ms).toSorted((one, other) => one - other)[5]).toBeLessThan(promised.knownMs)
    expect(new Set([...first, ...others].map(({ retryAfter }) => retryAfter))).toEqual(new Set(['5']))
    await back()
    const returned = performance.now()
    await until(async () => (await deliver([platformEvent(3)], endpoint))[0]?.status === 200, 'an answer 200')
    expect(performance.now() - returned).toBeLessThan(promised.recoveryMs)
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test('frozen, no more than 1,024 requests wait for it', async () => {
    await mongod.start()
    const serve = await startServeForTest({ uri: mongod.uri })
    // Most are still on their way when it freezes: the others come to the limit before the first of them was refused.
    const begun = await Promise.all(Array.from({ length: 1_000 }, () => beginRequest(serve.url)))
    mongod.freeze()
    const { statuses, text } = await sendRaw(serve.url, pipelined(100, 1_000))
    mongod.thaw()
    for (const socket of begun) socket.destroy()
    expect(statuses).toEqual(Array(100).fill(503))
    expect(text.match(/^retry-after: [1-9]/gim)).toHaveLength(100)
    const reasons = [...text.matchAll(/"error":"(\w+)"/g)].map(([, reason]) => reason)
    expect(new Set(reasons)).toEqual(new Set(['mongodb_unavailable', 'too_busy']))
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test('frozen, a signal ends serve with 1 and its result in ten seconds', async () => {
    await mongod.start()
    const serve = await startServeForTest({ uri: mongod.uri, args: ['--json'] })
    const load = keepDelivering(serve.webhooks, 100_000)
    await until(() => last(load.results, 200), 'sixteen answers 200')
    mongod.freeze()
    await load.stop()
    const started = performance.now()
    const { exitCode, stdout } = await serve.stop()
    mongod.thaw()
    expect(performance.now() - started).toBeLessThan(promised.endMs)
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ acknowledged: expect.any(Number) })
    expect(serve.log.filter(isLast)).toMatchObject([{ msg: expect.stringContaining('handed back') }])
    await expectHonest(load.results, mongod.uri)
  })

  test.each<Outage>([
    ['killed', () => mongod.kill(), () => mongod.start()],
    ['frozen', async () => mongod.freeze(), async () => mongod.thaw()],
  ])('%s, a serve with nothing under way ends soon and tells its result', async (_how, away, back) => {
    await mongod.start()
    const serve = await startServeForTest({ uri: mongod.uri, args: ['--json'] })
    await away()
    await until(async () => (await fetch(`${serve.url}/readyz`)).status === 503, 'no more readiness')
    const started = performance.now()
    const { exitCode, stdout } = await serve.stop()
    const ms = performance.now() - started
    await back()
    expect(JSON.parse(stdout)).toMatchObject({ acknowledged: 0, duration_ms: expect.any(Number) })
    expect(serve.log.filter(isLast)).toMatchObject([{ msg: 'ended' }])
    expect(exitCode).toBe(0)
    expect(ms).toBeLessThan(promised.idleEndMs)
  })

  test('frozen, the farewell to it keeps nobody', async () => {
    await mongod.start()
    const config = await loadConfig({ mongodbUri: mongod.uri }, tmpdir())
    const listener = { onProgress: () => undefined, onEmbedded: () => undefined }
    const { db, close } = await openDatabase(config, listener)
    mongod.freeze()
    // What is given up cuts its connection: once none rests, the farewell needs a new one, which nobody takes up.
    const signal = AbortSignal.timeout(500)
    setMaxListeners(0, signal)
    const asked = Array.from({ length: 100 }, () => db.collection('notes').findOne({}, { signal }))
    await Promise.allSettled(asked)
    const started = performance.now()
    await close()
    expect(performance.now() - started).toBeLessThan(promised.idleEndMs)
    mongod.thaw()
  })
})
