import { describe, expect, test } from 'vitest'
import { openDatabaseForTest } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { until, untilStored } from '../support/until.ts'

describe('a role', () => {
  test('that only takes in leaves events pending for another that works', { timeout: 90_000 }, async () => {
    const { uri: shared, db: own } = await openDatabaseForTest()
    const ingest = await startServeForTest({ uri: shared, args: ['--role', 'ingest'] })
    const rows = own.collection('billing.events')
    const [result] = await deliver([{ ...numberedEvent(1) }], { url: ingest.webhooks, secret })
    expect(result?.status).toBe(200)
    expect(await rows.findOne()).toMatchObject({ status: 'pending' })
    expect(await (await fetch(`${ingest.url}/readyz`)).json()).toEqual({ ready: true, degraded: [] })
    const work = await startServeForTest({
      uri: shared,
      args: ['--role', 'work'],
      env: { STRIPE_WEBHOOK_SECRET: '' },
    })
    await untilStored(rows, { status: 'done' })
    expect((await deliver([{ ...numberedEvent(2) }], { url: work.webhooks, secret }))[0]?.status).toBe(404)
  })

  test('shared by two processes stores and handles each event once', { timeout: 90_000 }, async () => {
    const { uri: shared, db: own } = await openDatabaseForTest()
    const both = await Promise.all([1, 2].map(() => startServeForTest({ uri: shared })))
    const hundred = Array.from({ length: 100 }, (_, index) => ({ ...numberedEvent(index + 1) }))
    const results = await Promise.all(
      both.map(({ webhooks }) => deliver(hundred, { url: webhooks, secret }, { copies: 5, concurrency: 16 })),
    )
    expect(results.flat().filter(({ status }) => status !== 200)).toEqual([])
    await untilStored(own.collection('billing.events'), { status: 'done', attempts: 0 }, 100)
    expect(await own.collection('billing.charges').countDocuments()).toBe(100)
    expect(await own.collection('queue.jobs').countDocuments({ kind: 'charge.created' })).toBe(100)
  })
})

describe('the end', () => {
  const flood = (url: string) => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({ ...numberedEvent(10_000 + index) }))
    return deliver(many, { url, secret }, { concurrency: 16 })
  }

  test('under load answers every request that was taken and loses none', { timeout: 90_000 }, async () => {
    const { uri: own, db: database } = await openDatabaseForTest()
    const ending = await startServeForTest({ uri: own })
    const sending = flood(ending.webhooks)
    await until(
      () =>
        database
          .collection('billing.events')
          .countDocuments()
          .then((count) => count > 50),
      'load',
    )
    const started = performance.now()
    expect(await ending.stop('SIGTERM')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(performance.now() - started).toBeLessThan(10_000)
    const results = await sending
    const answered = results.filter(({ status }) => status !== null)
    expect(answered.filter(({ status }) => status !== 200)).toEqual([])
    // Whoever came too late found nobody: had it been cut off on its way, it would be stored.
    const stored = await database.collection('billing.events').distinct('event_id')
    const answeredIds = answered.map(({ eventId }) => eventId)
    expect(stored.toSorted()).toEqual(answeredIds.toSorted())
  })

  test('comes at once with a second signal', { timeout: 90_000 }, async () => {
    const { uri: own, db: database } = await openDatabaseForTest()
    const ending = await startServeForTest({ uri: own })
    const sending = flood(ending.webhooks)
    await until(
      () =>
        database
          .collection('billing.events')
          .countDocuments()
          .then((count) => count > 50),
      'load',
    )
    void ending.stop('SIGINT')
    await ending.awaitLine(({ msg }) => String(msg).startsWith('ending'))
    expect(await ending.stop('SIGINT')).toMatchObject({ exitCode: 130 })
    await sending
  })
})
