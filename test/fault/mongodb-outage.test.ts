// What `serve` answers while MongoDB is away. Run alone, by `npm run test:faults`, it is held to what it promises; among
// other tests, which take the processor from it, with a margin.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { numberedEvent } from '../support/deliveries.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'
import { sendRaw } from '../support/raw-http.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { type DeliveryResult, deliver } from '../support/stripe/deliver.ts'
import { signatureHeader } from '../support/stripe/webhook-signature.ts'
import { until } from '../support/until.ts'

const isFull = process.env.FULL === '1'
const mongod = await prepareMongodServer()

/** The slowest answer of all, an answer once MongoDB is known to be away, the first 200 once it is back, the end. */
const promised = isFull
  ? { answerMs: 3_000, knownMs: 50, recoveryMs: 2_000, endMs: 10_000 }
  : { answerMs: 4_000, knownMs: 100, recoveryMs: 4_000, endMs: 12_000 }

/** Delivers new events in eight lanes, with a short rest after each, until told to stop. */
const keepDelivering = (url: string, firstNumber: number) => {
  const results: DeliveryResult[] = []
  let isOver = false
  let number = firstNumber
  const lane = async (): Promise<void> => {
    while (!isOver) {
      number += 1
      results.push(...(await deliver([{ ...numberedEvent(number) }], { url, secret })))
      await wait(20)
    }
  }
  const lanes = Promise.all(Array.from({ length: 8 }, lane))
  return {
    results,
    stop: async () => {
      isOver = true
      await lanes
    },
  }
}

const last = (results: readonly DeliveryResult[], status: number): boolean =>
  results.slice(-16).length === 16 && results.slice(-16).every((result) => result.status === status)

const storedIds = async (): Promise<ReadonlySet<string>> => {
  const client = new MongoClient(mongod.uri)
  try {
    return new Set(await client.db().collection('billing.events').distinct('event_id'))
  } finally {
    await client.close()
  }
}

/** What holds of every answer, whatever became of the server. */
const expectHonest = async (results: readonly DeliveryResult[]): Promise<void> => {
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200, 503]))
  expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(promised.answerMs)
  const stored = await storedIds()
  const acknowledged = results.filter(({ status }) => status === 200).map(({ eventId }) => eventId ?? '')
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
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

const signed = (body: string): string =>
  signatureHeader({ body, secrets: secret, timestamp: Math.floor(Date.now() / 1000) })

const retryAfter = async (url: string): Promise<string | null> => {
  const body = JSON.stringify(numberedEvent(1))
  const answer = await fetch(url, { method: 'POST', body, headers: { 'stripe-signature': signed(body) } })
  expect(answer.status).toBe(503)
  return answer.headers.get('retry-after')
}

describe('while MongoDB is away', { timeout: 120_000 }, () => {
  test('serve starts, answers 503, and takes events once it is there', async () => {
    await mongod.kill()
    const serve = await startServeForTest({ uri: mongod.uri, until: 'listening' })
    const [result] = await deliver([{ ...numberedEvent(1) }], { url: serve.webhooks, secret })
    expect(result?.status).toBe(503)
    expect(await retryAfter(serve.webhooks)).toBe('5')
    const ready = await fetch(`${serve.url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reason: 'mongodb_unavailable', degraded: [] },
    ])
    await mongod.start()
    await serve.awaitLine(({ msg }) => msg === 'serving')
    expect((await deliver([{ ...numberedEvent(1) }], { url: serve.webhooks, secret }))[0]?.status).toBe(200)
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test.each([
    ['killed', () => mongod.kill(), () => mongod.start()],
    ['frozen', async () => mongod.freeze(), async () => mongod.thaw()],
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
    expect(await retryAfter(serve.webhooks)).toBe('5')
    expect((await fetch(`${serve.url}/readyz`)).status).toBe(503)
    await back()
    const returned = performance.now()
    await until(() => load.results.at(-1)?.status === 200, 'an answer 200')
    expect(performance.now() - returned).toBeLessThan(promised.recoveryMs)
    await load.stop()
    await expectHonest(load.results)
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test('frozen, no more than 1,024 requests wait for it', async () => {
    await mongod.start()
    const serve = await startServeForTest({ uri: mongod.uri })
    mongod.freeze()
    const answers = await Promise.all(
      Array.from({ length: 11 }, (_, connection) => sendRaw(serve.url, pipelined(100, 1_000 * connection))),
    )
    mongod.thaw()
    expect(answers.flatMap(({ statuses }) => statuses)).toEqual(Array(1_100).fill(503))
    const reasons = answers.flatMap(({ text }) =>
      [...text.matchAll(/"error":"(\w+)"/g)].map(([, reason]) => reason),
    )
    expect(new Set(reasons)).toEqual(new Set(['mongodb_unavailable', 'too_busy']))
    expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })

  test('frozen, a signal ends serve with 1 in ten seconds', async () => {
    await mongod.start()
    const serve = await startServeForTest({ uri: mongod.uri })
    const load = keepDelivering(serve.webhooks, 100_000)
    await until(() => last(load.results, 200), 'sixteen answers 200')
    mongod.freeze()
    await load.stop()
    const started = performance.now()
    const { exitCode } = await serve.stop()
    mongod.thaw()
    expect(performance.now() - started).toBeLessThan(promised.endMs)
    expect(exitCode).toBe(1)
  })
})
