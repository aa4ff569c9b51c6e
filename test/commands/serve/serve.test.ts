import { describe, expect, test } from 'vitest'
import { openDatabaseForTest, openTestDatabase } from '../../support/database.ts'
import { fixtureAccount, numberedEvent } from '../../support/deliveries.ts'
import { webhookSecret as secret, startServeForFile, startServeForTest } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { connectSupportClient, socketSecret } from '../../support/support-client.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { untilStored } from '../../support/until.ts'

const { db, uri } = await openTestDatabase()
const serve = await startServeForFile({
  uri,
  env: { STRIPE_WEBHOOK_SECRET: `whsec_of_the_past_year,${secret}`, METRICS_TOKEN: 'token-of-the-scraper' },
})
const endpoint = { url: serve.webhooks, secret }
const events = db.collection<{ _id: string; status: string }>('billing.events')

const getJson = async (path: string) => {
  const answer = await fetch(`${serve.url}${path}`)
  return { status: answer.status, body: await answer.json() }
}

const metrics = async (): Promise<string> => {
  const headers = { authorization: 'Bearer token-of-the-scraper' }
  return (await fetch(`${serve.url}/metrics`, { headers })).text()
}

describe('a webhook', () => {
  test('is acknowledged once stored, then handled and logged', async () => {
    const event = numberedEvent(1)
    const [result] = await deliver([{ ...event }], endpoint)
    expect(result).toMatchObject({ status: 200, body: '{"received":true}' })
    await untilStored(events, { event_id: event.id, status: 'done', outcome: 'applied', source: 'webhook' })
    const charge = await db.collection('billing.charges').findOne({ stripe_id: 'ch_1' })
    expect(charge).toMatchObject({ stripe_user_id: fixtureAccount, sync: { source: 'webhook' } })
    const line = await serve.awaitLine(
      ({ msg, event_id }) => msg === 'event handled' && event_id === event.id,
    )
    expect(line).toMatchObject({ account: fixtureAccount, type: event.type, outcome: 'applied', code: null })
  })

  test('of an unknown type is acknowledged and kept as ignored', async () => {
    const event = { ...numberedEvent(2), type: 'terminal.reader.action_succeeded' }
    expect((await deliver([event], endpoint))[0]?.status).toBe(200)
    await untilStored(events, { event_id: event.id, status: 'ignored' })
  })

  test('that is refused is told in one line without its content', async () => {
    const event = { ...numberedEvent(3), note: 'ann@example.com' }
    const [result] = await deliver([event], { ...endpoint, secret: 'whsec_of_somebody_else' })
    expect(result).toMatchObject({ status: 400, body: expect.stringContaining('"signature_mismatch"') })
    const line = await serve.awaitLine(({ code }) => code === 'signature_mismatch')
    expect(line).toEqual({
      level: 40,
      time: expect.any(Number),
      code: 'signature_mismatch',
      ms: expect.any(Number),
      msg: 'webhook refused',
    })
    expect(await events.countDocuments({ event_id: event.id })).toBe(0)
  })

  test('that conflicts with a stored event is acknowledged and told', async () => {
    const event = numberedEvent(4)
    await deliver([{ ...event }], endpoint)
    const [result] = await deliver([{ ...event, type: 'charge.updated' }], endpoint)
    expect(result?.status).toBe(200)
    const line = await serve.awaitLine(({ code }) => code === 'event_conflict')
    expect(line).toMatchObject({ event_id: event.id, account: fixtureAccount })
    expect(await events.findOne({ event_id: event.id })).toMatchObject({ type: event.type })
  })
})

describe('operators', () => {
  test('see that it lives and is ready', async () => {
    expect(await getJson('/healthz')).toEqual({ status: 200, body: { alive: true } })
    // One that got no processor for a while, among all the tests, is not.
    await expect
      .poll(() => getJson('/readyz'), { timeout: 45_000, interval: 50 })
      .toEqual({ status: 200, body: { ready: true, degraded: [] } })
  })

  test.each([
    ['nobody', {}],
    ['a wrong token', { authorization: 'Bearer token-of-nobody' }],
    ['the token without its scheme', { authorization: 'token-of-the-scraper' }],
  ])('keep metrics from %s', async (_who, headers) => {
    const answer = await fetch(`${serve.url}/metrics`, { headers })
    expect([answer.status, await answer.text()]).toEqual([401, '{"error":"unauthorized"}'])
  })

  test('are shown metrics whatever the case of the scheme', async () => {
    const headers = { authorization: 'bearer token-of-the-scraper' }
    expect((await fetch(`${serve.url}/metrics`, { headers })).status).toBe(200)
  })

  test('read in the metrics what came of the deliveries', async () => {
    await deliver([{ ...numberedEvent(5) }], endpoint, { copies: 2 })
    await deliver([{ ...numberedEvent(6) }], endpoint, { timestamp: 1_000 })
    await deliver([{ ...numberedEvent(7), type: 'made.up' }], endpoint)
    await untilStored(events, { event_id: { $in: ['evt_5', 'evt_7'] }, processed_at: { $ne: null } }, 2)
    const text = await metrics()
    for (const sample of [
      /^billing_sync_webhooks_received_total \d+$/m,
      /^billing_sync_webhooks_acknowledged_total\{result="stored"\} \d+$/m,
      /^billing_sync_webhooks_acknowledged_total\{result="duplicate"\} \d+$/m,
      /^billing_sync_webhooks_refused_total\{reason="signature_stale"\} 1$/m,
      /^billing_sync_webhooks_signed_total\{secret="2"\} \d+$/m,
      /^billing_sync_events_handled_total\{type="charge.succeeded",outcome="applied"\} \d+$/m,
      /^billing_sync_events_handled_total\{type="other",outcome="ignored"\} \d+$/m,
      /^billing_sync_event_lag_seconds_count \d+$/m,
      /^billing_sync_events_waiting \d+$/m,
      /^billing_sync_oldest_waiting_seconds \d/m,
      /^billing_sync_commits_lost_total \d+$/m,
      /^billing_sync_mongodb_available 1$/m,
      /^nodejs_eventloop_lag_p99_seconds /m,
    ])
      expect(text).toMatch(sample)
  })

  test('find no account, event or event type of strangers in labels', async () => {
    await deliver([{ ...numberedEvent(8), type: 'type.of.a.stranger' }], endpoint)
    await untilStored(events, { event_id: 'evt_8', status: 'ignored' })
    expect(await metrics()).not.toMatch(/acct_|evt_|stranger/)
  })
})

test('secrets and personal data stay out of log, answers and metrics', async () => {
  const canaries = [
    'sk_live_canary',
    'whsec_canary_secret',
    'ann@canary.example',
    'metrics-canary',
    '4242canary',
  ]
  const [key = '', signing = '', email = '', token = '', card = ''] = canaries
  const folder = await temporaryFolder({ 'config.json': '{}' })
  const { uri: own, db: database } = await openDatabaseForTest()
  const env = {
    ...{ STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: signing, METRICS_TOKEN: token },
    ...{ STRIPE_API_BASE: 'http://127.0.0.1:9', BILLING_SYNC_HYDRATE: 'never', LOG_LEVEL: 'trace' },
  }
  const watched = await startServeForTest({
    uri: own,
    env,
    args: ['--dashboard', '--config', `${folder}/config.json`],
  })
  const event = numberedEvent(1, { changes: { receipt_email: email, metadata: { [card]: card } } })
  const told = [
    ...(await deliver([{ ...event }], { url: watched.webhooks, secret: signing }, { copies: 2 })),
    ...(await deliver([{ ...event, note: email }], { url: watched.webhooks, secret: signing })),
    ...(await deliver([{ ...event, id: card }], { url: watched.webhooks, secret: signing })),
    ...(await deliver([{ ...event }], { url: watched.webhooks, secret })),
  ].map(({ body }) => body)
  await untilStored(database.collection('billing.events'), { status: 'done' })
  told.push(
    await (await fetch(`${watched.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text(),
  )
  const { stdout, stderr } = await watched.stop()
  for (const canary of canaries) expect([stdout, stderr, ...told].join('\n')).not.toContain(canary)
  // The dashboard that was asked for is for terminals: a pipe gets the log, and no control characters.
  expect(stderr).not.toContain('\u001B')
  expect(stderr).toContain('"event handled"')
})

test('ends cleanly although a Support client is connected, and tells it', async () => {
  const serve = await startServeForTest({ uri, env: { SOCKET_SECRET: socketSecret } })
  const support = await connectSupportClient(serve.url, 'acct_1', { reconnection: false })
  await support.ready()
  const closed = support.closed()
  expect((await serve.stop()).exitCode).toBe(0)
  expect(await closed).toBe(farewell)
})

/** How a WebSocket is told that ended with a closing frame; one that was cut has 1006. */
const farewell = 1005

test('ends cleanly although a Support client does not read', async () => {
  const serve = await startServeForTest({ uri, env: { SOCKET_SECRET: socketSecret } })
  const support = await connectSupportClient(serve.url, 'acct_1', { reconnection: false })
  await support.ready()
  support.stopReading()
  expect((await serve.stop()).exitCode).toBe(0)
})

test('with --json the end prints what this process did, and nothing else', async () => {
  const { db: own, uri: ownUri } = await openDatabaseForTest()
  const serve = await startServeForTest({ uri: ownUri, args: ['--json'] })
  await deliver([{ ...numberedEvent(1) }], { url: serve.webhooks, secret })
  await deliver([{ ...numberedEvent(2) }], { url: serve.webhooks, secret: 'whsec_of_somebody_else' })
  await untilStored(own.collection('billing.events'), { status: 'done' })
  const { stdout } = await serve.stop()
  expect(JSON.parse(stdout)).toEqual({
    acknowledged: 1,
    refused: { signature_mismatch: 1 },
    outcomes: { applied: 1 },
    dead: 0,
    delivered: expect.any(Object),
    duration_ms: expect.any(Number),
  })
})
