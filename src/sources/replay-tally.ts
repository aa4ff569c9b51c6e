// What a replay came to. The shape of `ReplaySummary` is what `--json` prints.

import type { Outcome } from '../core/inbox-row.ts'
import type { NoticeDraft } from '../core/notice.ts'
import type { BillingSyncError } from '../errors.ts'

export interface ReplayFailure {
  /** `<input>:<line or place>`. */
  readonly source: string
  readonly event_id: string | null
  readonly type: string | null
  readonly code: string
  readonly error: string
}

export interface ReplaySummary extends Readonly<Record<Outcome | 'invalid', number>> {
  readonly read: number
  readonly filtered: number
  readonly messages: number
  readonly failures: readonly ReplayFailure[]
  readonly failures_omitted: number
  /** Accounts that were not asked for their events, as they do not let the platform in; only where there are some. */
  readonly left_out?: readonly string[]
  readonly duration_ms: number
}

/** Documents of one collection that were made or changed. */
export interface CollectionCount {
  created: number
  updated: number
  deleted: number
}

/** Failures listed; more are only counted. */
const mostFailures = 1_000

/** Counts a replay as it goes. */
export class ReplayTally {
  readonly counts: Record<Outcome | 'invalid', number> = {
    applied: 0,
    unchanged: 0,
    stale: 0,
    ignored: 0,
    parked: 0,
    failed: 0,
    invalid: 0,
  }
  readonly collections = new Map<string, CollectionCount>()
  readonly failures: ReplayFailure[] = []
  /** Failures by their code, those that are not listed too. */
  readonly causes = new Map<string, number>()
  /** Entries that a filter dropped. */
  filtered = 0
  /** Contacts that new mappings of the config changed before the first event. */
  derived = 0
  /** Input read so far and in all: bytes of files as they lie on disk, stdin as none, rows of the inbox, or accounts. */
  inputRead = 0
  inputExpected = 0
  /** Answers how many entries were read and wait for their batch. */
  countWaiting: () => number = () => 0
  /** When the first event was asked for, by `performance.now`: fetching and starting a server is no part of a replay. */
  begunMs = performance.now()
  /** What the replay waits for, for people; null while it advances. */
  waitingFor: string | null = null
  /** Accounts of which events were asked for that are older than what Stripe keeps. */
  outOfReach: readonly string[] = []
  /** Accounts that were not asked for their events, as they do not let the platform in. */
  leftOut: readonly string[] = []
  #failuresOmitted = 0

  /** How much of the input has been handled, from 0 to 1; null where its size is not known. */
  get share(): number | null {
    if (this.inputExpected === 0) return null
    const waiting = this.countWaiting()
    const handled = waiting === 0 ? 1 : this.read / (this.read + waiting)
    return Math.min(1, this.inputRead / this.inputExpected) * handled
  }

  get read(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0)
  }

  /** True where something needs a person: an entry failed or is invalid, an input or an account could not be read. */
  get hasFailures(): boolean {
    return this.causes.size > 0
  }

  count(outcome: Outcome | 'invalid'): void {
    this.counts[outcome] += 1
  }

  fail(failure: ReplayFailure): void {
    this.causes.set(failure.code, (this.causes.get(failure.code) ?? 0) + 1)
    if (this.failures.length < mostFailures) this.failures.push(failure)
    else this.#failuresOmitted += 1
  }

  /** Counts an account whose events could not all be read. */
  failAccount(source: string, { code, message }: BillingSyncError): void {
    this.fail({ source, event_id: null, type: null, code, error: message })
  }

  countDerived(notices: readonly NoticeDraft[]): void {
    this.derived += notices.length
    this.countNotices(notices)
  }

  countNotices(notices: readonly NoticeDraft[]): void {
    for (const { collection, kind } of notices) {
      const counts = this.collections.get(collection) ?? { created: 0, updated: 0, deleted: 0 }
      this.collections.set(collection, counts)
      if (kind.endsWith('.created')) counts.created += 1
      else if (kind.endsWith('.deleted')) counts.deleted += 1
      else counts.updated += 1
    }
  }

  summary(durationMs: number): ReplaySummary {
    return {
      read: this.read,
      ...this.counts,
      filtered: this.filtered,
      messages: this.collections.get('support.messages')?.created ?? 0,
      failures: this.failures,
      failures_omitted: this.#failuresOmitted,
      ...(this.leftOut.length === 0 ? {} : { left_out: this.leftOut }),
      duration_ms: Math.round(durationMs),
    }
  }
}
