import { describe, expect, test } from 'vitest'
import { openDatabaseForTest } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { webhookSecret as secret, startServeForTest } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { until, untilStored } from '../../support/until.ts'

describe('a role', () => {
  test('that only takes in leaves events pending for another that works', async () => {
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
