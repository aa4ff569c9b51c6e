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
    await until(async () => (await fetch(`${ingest.url}/readyz`)).ok, 'a serve that is ready without workers')
    const work = await startServeForTest({
      uri: shared,
      args: ['--role', 'work'],
      env: { STRIPE_WEBHOOK_SECRET: '' },
    })
    await untilStored(rows, { status: 'done' })
    expect((await deliver([{ ...numberedEvent(2) }], { url: work.webhooks, secret }))[0]?.status).toBe(404)
  })
})

describe('the end', () => {
  /** Starts a process in the midst of a flood of webhooks. */
  const startFlooded = async () => {
    const { uri, db } = await openDatabaseForTest()
    const ending = await startServeForTest({ uri })
    const many = Array.from({ length: 2_000 }, (_, index) => ({ ...numberedEvent(10_000 + index) }))
    const sending = deliver(many, { url: ending.webhooks, secret }, { concurrency: 16 })
    const rows = db.collection('billing.events')
    await until(async () => (await rows.countDocuments()) > 50, 'load')
    return { ending, sending, rows }
  }

  test('under load answers every request that was taken and loses none', { timeout: 90_000 }, async () => {
    const { ending, sending, rows } = await startFlooded()
    const started = performance.now()
    expect(await ending.stop('SIGTERM')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(performance.now() - started).toBeLessThan(10_000)
    const results = await sending
    const answered = results.filter(({ status }) => status !== null)
    expect(answered.filter(({ status }) => status !== 200)).toEqual([])
    // Whoever came too late found nobody: had it been cut off on its way, it would be stored.
    const stored = await rows.distinct('event_id')
    const answeredIds = answered.map(({ eventId }) => eventId)
    expect(stored.toSorted()).toEqual(answeredIds.toSorted())
  })

  test('comes at once with a second signal', { timeout: 90_000 }, async () => {
    const { ending, sending } = await startFlooded()
    void ending.stop('SIGINT')
    await ending.awaitLine(({ msg }) => String(msg).startsWith('ending'))
    expect(await ending.stop('SIGINT')).toMatchObject({ exitCode: 130 })
    await sending
  })
})
