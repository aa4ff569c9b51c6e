// The metrics of a running `serve`, in Prometheus' text format. Guarantee: labels are bounded, whatever comes in: event
// types that no handler knows are `other`, and no label names an account, an event or an object. Counters that an alert
// of README's goes by begin at 0: Prometheus sees no increase in one that is born with its first occurrence.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ErrorCode } from '../errors.ts'
import { eventRows } from '../handlers/registry.ts'
import type { Sink } from '../sinks/sink.ts'
import type { Refusal } from '../sources/webhook/refusals.ts'
import type { ServeListener } from './serve-listener.ts'

export interface Metrics extends ServeListener {
  readonly contentType: string
  text(): Promise<string>
}

/** What is only known when somebody asks. */
export interface MetricsGauges {
  readonly backlogDepth: () => number
  readonly oldestWaitingSeconds: () => number
  readonly socketClients: () => number
  readonly isMongodbAvailable: () => boolean
  readonly backfillsWanted: () => number
}

/** Buckets in seconds: an answer to Stripe takes milliseconds, an event that waited for an outage hours. */
const answerBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const lagBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400]

/** Opens the metrics of this process. */
export const openMetrics = (gauges: MetricsGauges): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addGauges(registry, gauges)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...webhookMetrics(registry),
    ...workMetrics(registry),
    ...sinkMetrics(registry),
    ...stripeMetrics(registry),
  }
}

type Of<Names extends keyof ServeListener> = Pick<ServeListener, Names>

/** The compiler keeps it whole. */
const unrefused: Readonly<Record<Refusal, 0>> = {
  ...{ signature_missing: 0, signature_malformed: 0, signature_stale: 0, signature_future: 0 },
  ...{ signature_mismatch: 0, event_invalid: 0, account_mismatch: 0, body_too_large: 0, too_busy: 0 },
  ...{ backlog_full: 0, mongodb_unavailable: 0, platform_unknown: 0 },
}

const webhookMetrics = (registry: Registry): Of<'onAcknowledged' | 'onRefused' | 'onConflict'> => {
  const counter = counterOf(registry)
  const received = counter('webhooks_received_total', 'Deliveries that came in', [])
  const acknowledged = counter('webhooks_acknowledged_total', 'Deliveries answered 200', ['result'])
  const refused = counter('webhooks_refused_total', 'Deliveries that were refused', ['reason'])
  for (const [reason, zero] of Object.entries(unrefused)) refused.inc({ reason }, zero)
  const signed = counter('webhooks_signed_total', 'Deliveries by the secret that signed them', ['secret'])
  const conflicts = counter(
    'webhooks_conflicting_total',
    'Other events under a known id; the first is kept',
    [],
  )
  const seconds = new Histogram({
    name: 'billing_sync_webhook_answer_seconds',
    help: 'From the headers of a delivery to its answer',
    labelNames: ['answer'],
    buckets: answerBuckets,
    registers: [registry],
  })
  return {
    onAcknowledged: ({ receipt, signedBy, ms }) => {
      received.inc()
      acknowledged.inc({ result: receipt })
      signed.inc({ secret: signedBy })
      seconds.observe({ answer: 'acknowledged' }, ms / 1000)
    },
    onRefused: ({ refusal, ms }) => {
      received.inc()
      refused.inc({ reason: refusal })
      seconds.observe({ answer: 'refused' }, ms / 1000)
    },
    onConflict: () => conflicts.inc(),
  }
}

type WorkNames =
  | 'onOutcome'
  | 'onRetry'
  | 'onDead'
  | 'onDeadCounted'
  | 'onWaiting'
  | 'onLostCommit'
  | 'onTrouble'
  | 'onTakeover'

const workMetrics = (registry: Registry): Of<WorkNames> => {
  const counter = counterOf(registry)
  const handled = counter('events_handled_total', 'Events by what came of them', ['type', 'outcome'])
  const retries = counter('event_retries_total', 'Failures that are tried again', ['code'])
  const dead = counter('events_dead_total', 'Events given up', ['code'])
  const deadNow = new Gauge({
    name: 'billing_sync_events_dead',
    help: 'Events that were given up and wait for a person, over all processes',
    registers: [registry],
  })
  const waiting = counter('event_waits_total', 'Events put off until trouble outside passes', ['code'])
  const lost = counter(
    'commits_lost_total',
    'Commits, and tries to have the account first, lost to another writer',
    [],
  )
  const troubles = counter('work_troubles_total', 'Troubles of the work itself', ['code'])
  const takeovers = counter('takeovers_total', 'Accounts taken over from a process that died', [])
  const lag = new Histogram({
    name: 'billing_sync_event_lag_seconds',
    help: 'From the receipt of an event to its commit',
    buckets: lagBuckets,
    registers: [registry],
  })
  return {
    onOutcome: ({ type, outcome, lagMs }) => {
      handled.inc({ type: eventRows.has(type) ? type : 'other', outcome })
      lag.observe(lagMs / 1000)
    },
    onRetry: ({ code }) => retries.inc({ code: code ?? 'unknown' }),
    onDead: ({ code }) => dead.inc({ code: code ?? 'unknown' }),
    onDeadCounted: (count) => deadNow.set(count),
    onWaiting: ({ code }) => waiting.inc({ code: code ?? 'unknown' }),
    onLostCommit: () => lost.inc(),
    onTrouble: (code) => troubles.inc({ code }),
    onTakeover: () => takeovers.inc(),
  }
}

const sinkNames = ['queue', 'socket'] as const satisfies readonly Sink['name'][]

/** What tries at a sink end with; `mongodb_unavailable` where it lies in MongoDB, or the outbox is away. */
const deliveryFailures = [
  'sink_unavailable',
  'sink_rejected',
  'mongodb_unavailable',
] as const satisfies readonly ErrorCode[]

const sinkMetrics = (registry: Registry): Of<'onDelivered' | 'onDeliveryFailed' | 'onDeliveryDead'> => {
  const counter = counterOf(registry)
  const delivered = counter('notices_delivered_total', 'Notices that a receiver confirmed', ['sink'])
  const failed = counter('deliveries_failed_total', 'Tries that a receiver did not confirm', ['sink', 'code'])
  const dead = counter('deliveries_dead_total', 'Commits whose notices were given up', ['sink'])
  for (const sink of sinkNames) {
    dead.inc({ sink }, 0)
    for (const code of deliveryFailures) failed.inc({ sink, code }, 0)
  }
  return {
    onDelivered: ({ sink }, count) => delivered.inc({ sink }, count),
    onDeliveryFailed: ({ sink }, code) => failed.inc({ sink, code }),
    onDeliveryDead: ({ sink }) => dead.inc({ sink }),
  }
}

const stripeMetrics = (registry: Registry): Of<'onStripeAnswer'> => {
  const counter = counterOf(registry)
  const requests = counter('stripe_requests_total', 'Requests to Stripe by what came of them', [
    'endpoint',
    'outcome',
  ])
  const limited = counter('stripe_limited_total', 'Requests that Stripe answered 429, by its reason', [
    'reason',
  ])
  return {
    onStripeAnswer: ({ endpoint, outcome, limit }) => {
      requests.inc({ endpoint, outcome })
      if (limit !== null) limited.inc({ reason: limit })
    },
  }
}

const addGauges = (registry: Registry, gauges: MetricsGauges): void => {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `billing_sync_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('events_waiting', 'Events that wait to be handled, over all processes', gauges.backlogDepth)
  gauge(
    'oldest_waiting_seconds',
    'Age of the event that waits longest to be handled',
    gauges.oldestWaitingSeconds,
  )
  gauge('socket_clients', 'Support clients connected to this process', gauges.socketClients)
  gauge('backfill_wanted', 'Accounts that only a backfill can complete', gauges.backfillsWanted)
  gauge('mongodb_available', '1 while MongoDB takes durable writes', () =>
    gauges.isMongodbAvailable() ? 1 : 0,
  )
}

const counterOf =
  (registry: Registry) =>
  <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> =>
    new Counter({ name: `billing_sync_${name}`, help, labelNames, registers: [registry] })
