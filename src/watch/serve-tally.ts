// What a running `serve` did, counted for its dashboard and for `--json`. Guarantee: memory is bounded, whatever comes in: the last few
// events, the accounts that failed last, and rates over the last ten seconds.

import type { HandledEvent } from '../sources/inbox-work/work-listener.ts'
import type { ServeListener } from './serve-listener.ts'

/** Events shown as the last ones, and accounts with failures that are remembered. */
const mostLast = 40
const mostFailing = 20

/** Seconds over which rates are told. */
const rateSeconds = 10

export interface FailingAccount {
  readonly account: string
  readonly failures: number
  readonly lastCode: string
}

/** What `serve --json` prints at its end: what this process did, by reason, outcome and receiver. */
export interface ServeSummary {
  readonly acknowledged: number
  readonly refused: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
  readonly dead: number
  /** Notices that a receiver confirmed. */
  readonly delivered: Readonly<Record<string, number>>
  readonly duration_ms: number
}

/** Counts what is told; everything is read by the dashboard as it is. */
export class ServeTally implements Partial<ServeListener> {
  readonly outcomes: Record<string, number> = {}
  readonly refusals: Record<string, number> = {}
  readonly delivered: Record<string, number> = {}
  readonly last: HandledEvent[] = []
  readonly received = new Rate()
  readonly handled = new Rate()
  acknowledged = 0
  dead = 0
  /** Milliseconds from receipt to commit, of the last event that was handled. */
  lagMs = 0
  readonly #failing = new Map<string, FailingAccount>()

  /** Accounts whose events failed, the latest first. */
  get failing(): readonly FailingAccount[] {
    return [...this.#failing.values()].reverse()
  }

  onAcknowledged: ServeListener['onAcknowledged'] = () => {
    this.received.count()
    this.acknowledged += 1
  }

  onRefused: ServeListener['onRefused'] = ({ refusal }) => {
    this.received.count()
    this.refusals[refusal] = (this.refusals[refusal] ?? 0) + 1
  }

  onOutcome: ServeListener['onOutcome'] = (event) => {
    this.handled.count()
    this.lagMs = event.lagMs
    this.outcomes[event.outcome] = (this.outcomes[event.outcome] ?? 0) + 1
    this.last.unshift(event)
    this.last.length = Math.min(this.last.length, mostLast)
    if (event.code !== null) this.#fail(event.account, event.code)
  }

  onDead: ServeListener['onDead'] = () => {
    this.dead += 1
  }

  onDelivered: ServeListener['onDelivered'] = ({ sink }, count) => {
    this.delivered[sink] = (this.delivered[sink] ?? 0) + count
  }

  summary(durationMs: number): ServeSummary {
    const { acknowledged, refusals: refused, outcomes, dead, delivered } = this
    return { acknowledged, refused, outcomes, dead, delivered, duration_ms: Math.round(durationMs) }
  }

  #fail(account: string, lastCode: string): void {
    const failures = (this.#failing.get(account)?.failures ?? 0) + 1
    this.#failing.delete(account)
    this.#failing.set(account, { account, failures, lastCode })
    const [oldest] = this.#failing.keys()
    if (this.#failing.size > mostFailing && oldest !== undefined) this.#failing.delete(oldest)
  }
}

/** Counts events by second, and tells how many a second there were of late. */
export class Rate {
  readonly #counts = new Array<number>(rateSeconds).fill(0)
  #second = 0

  count(nowMs: number = performance.now()): void {
    this.#turn(nowMs)
    const place = this.#second % rateSeconds
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
  }

  /** Events a second over the last ten seconds. */
  perSecond(nowMs: number = performance.now()): number {
    this.#turn(nowMs)
    return this.#counts.reduce((sum, count) => sum + count, 0) / rateSeconds
  }

  // Forgets the seconds that passed without an event.
  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    for (let passed = Math.max(this.#second, second - rateSeconds) + 1; passed <= second; passed += 1)
      this.#counts[passed % rateSeconds] = 0
    this.#second = second
  }
}
