import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refusalKinds } from '../../../src/sources/webhook/refusals.ts'
import { openTestDatabase } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { webhookSecret as secret, startServeForFile } from '../../support/serve-process.ts'
import { projectFolder } from '../../support/source-modules.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { untilStored } from '../../support/until.ts'

const { db, uri } = await openTestDatabase()

// An account that was cut off for a while, before anybody serves.
const cutOff = new Date(Date.now() - 60_000)
await db.collection<{ _id: string }>('billing.accounts').insertOne({
  _id: 'acct_returned',
  ...{ stripe_user_id: 'acct_returned', seq: 0, disconnected_at: cutOff },
  ...{ connection: { state: 'connected', as_of: new Date() } },
})

const serve = await startServeForFile({ uri })
const events = db.collection<{ _id: string; status: string }>('billing.events')

const metrics = async (): Promise<string> => (await fetch(`${serve.url}/metrics`)).text()

/** Returns the value of a sample, null where there is none. */
const sample = (text: string, name: string): number | null => {
  const line = text.split('\n').find((row) => row.startsWith(`billing_sync_${name} `))
  return line === undefined ? null : Number(line.split(' ')[1])
}

const tooDeep = JSON.parse(`${'{"a":'.repeat(95)}1${'}'.repeat(95)}`)

/** What is told of the event that keeps failing, and is tried again while this runs, counts as once. */
const toldOnce = {
  events_waiting: 1,
  events_dead: 1,
  backfill_wanted: 1,
  webhooks_received_total: 8,
  'webhooks_acknowledged_total{result="stored"}': 4,
  'webhooks_acknowledged_total{result="duplicate"}': 3,
  'webhooks_refused_total{reason="signature_mismatch"}': 1,
  'webhooks_signed_total{secret="1"}': 7,
  webhooks_conflicting_total: 1,
  'webhook_answer_seconds_count{answer="acknowledged"}': 7,
  'webhook_answer_seconds_count{answer="refused"}': 1,
  'events_handled_total{type="charge.succeeded",outcome="applied"}': 1,
  'events_handled_total{type="charge.succeeded",outcome="failed"}': 2,
  'events_handled_total{type="other",outcome="ignored"}': 1,
  'event_retries_total{code="object_invalid"}': 1,
  'events_dead_total{code="payload_unstorable"}': 1,
  event_lag_seconds_count: 4,
  commits_lost_total: 0,
  takeovers_total: 0,
  socket_clients: 0,
  mongodb_available: 1,
}

const countsRetries = /^(event_retries|event_lag|events_handled.*outcome="failed")/

/** Counters of README's alerts that have labels. */
const alerted = /^billing_sync_(webhooks_refused_total|deliveries_failed_total|deliveries_dead_total)\{/

test('counters that alerts go by begin at 0, as Prometheus sees no increase in one that is born at 1', async () => {
  const lines = (await metrics()).split('\n').filter((line) => alerted.test(line))
  expect(lines.filter((line) => !line.endsWith(' 0'))).toEqual([])
  const names = lines.map((line) => line.slice('billing_sync_'.length, -' 0'.length))
  const refused = Object.keys(refusalKinds).map((reason) => `webhooks_refused_total{reason="${reason}"}`)
  expect(names).toEqual(expect.arrayContaining(refused))
  expect(names).toContain('deliveries_failed_total{sink="queue",code="sink_unavailable"}')
  expect(names).toContain('deliveries_dead_total{sink="socket"}')
})

test('the metrics count every delivery, event and account once and under its name', async () => {
  const endpoint = { url: serve.webhooks, secret }
  const good = numberedEvent(1)
  await deliver([{ ...good }], endpoint, { copies: 3 })
  await deliver([{ ...good, type: 'charge.updated' }], endpoint)
  await deliver([{ ...numberedEvent(2) }], { ...endpoint, secret: 'whsec_of_somebody_else' })
  await deliver([{ ...numberedEvent(3), data: { object: { id: 'in_1', object: 'invoice' } } }], endpoint)
  await deliver([{ ...numberedEvent(4, { changes: { metadata: tooDeep } }) }], endpoint)
  await deliver([{ ...numberedEvent(5), type: 'made.up' }], endpoint)
  await untilStored(events, { status: { $ne: 'pending' } }, 4)
  const told = async () => {
    const text = await metrics()
    const retries = sample(text, 'event_retries_total{code="object_invalid"}') ?? 0
    return Object.fromEntries(
      Object.keys(toldOnce).map((name) => {
        const value = sample(text, name)
        return [name, value !== null && retries > 0 && countsRetries.test(name) ? value - retries + 1 : value]
      }),
    )
  }
  // What is stored is told right after, and the last look at the inbox may have come before the last event was settled.
  await expect.poll(told, { timeout: 20_000 }).toEqual(toldOnce)
  expect(await metrics()).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m)
})

test('every metric stands in the README, and nothing else does', async () => {
  const served = [...(await metrics()).matchAll(/^# TYPE billing_sync_(\w+) /gm)].map(([, name]) => name)
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8')
  const [table = ''] = readme.split('### Metrics\n')[1]?.split('\n### ') ?? []
  const documented = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  expect(documented.toSorted()).toEqual(served.toSorted())
})
