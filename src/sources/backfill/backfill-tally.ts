// Counts a backfill as it goes, for the summary and for whoever watches. `BackfillSummary` is what `--json` prints.

import type { Drift } from '../../core/drift.ts'
import type { BillingSyncError } from '../../errors.ts'
import type { EntryOutcome } from '../../ports/pipeline-store.ts'
import type { PaceListener } from '../stripe/pace-http-client.ts'
import { type ObjectFailure, ObjectFailures } from './object-failures.ts'
import { type ListName, type ResourceName, servedResource } from './resources.ts'

/** What came of one resource of one account. */
export interface ResourceCount {
  /** Objects that its lists showed. */
  read: number
  applied: number
  unchanged: number
  /** Those that could not be stored, and what came along with them and could not: the latter is not in `read`. */
  failed: number
  requests: number
  retries: number
  complete: boolean
}

export interface BackfillSummary {
  readonly accounts: Readonly<Record<string, Readonly<Partial<Record<ResourceName, ResourceCount>>>>>
  readonly errors: Readonly<Record<string, { readonly code: string; readonly message: string }>>
  readonly drift: readonly Drift[]
  /** Drift beyond what is listed; only where there is some. */
  readonly drift_omitted?: number
  /** Accounts that were left out, as they do not let the platform in; only where there are some. */
  readonly left_out?: readonly string[]
  /** Objects that failed, and the number of those beyond what is listed; only where there are some. */
  readonly failures?: readonly ObjectFailure[]
  readonly failures_omitted?: number
  readonly duration_ms: number
}

/** What a backfill does with an account at the moment. */
export type AccountPhase = 'waiting' | 'running' | 'done' | 'failed'

/** What is shown of one resource besides its counts. */
export interface ResourceProgress extends ResourceCount {
  /** Answers 429. */
  limited: number
  /** Objects that are probably left; null while nothing tells. */
  remaining: number | null
}

const newProgress = (): ResourceProgress => ({
  ...{ read: 0, applied: 0, unchanged: 0, failed: 0, requests: 0, retries: 0, complete: false },
  limited: 0,
  remaining: null,
})

/** One account's part of a backfill. */
export class AccountTally {
  readonly account: string
  readonly resources: ReadonlyMap<ResourceName, ResourceProgress>
  phase: AccountPhase = 'waiting'
  error: BillingSyncError | null = null
  /** True where the error names each object that failed. */
  namesFailures = false
  /** What the account needs somebody to know, though nothing went wrong. */
  readonly warnings: string[] = []
  /** Milliseconds on the monotonic clock; null before it began and while it runs. */
  startedAt: number | null = null
  endedAt: number | null = null
  readonly #waits = new Map<ResourceName | 'commits', string>()

  constructor(account: string, resources: readonly ResourceName[]) {
    this.account = account
    this.resources = new Map(resources.map((name) => [name, newProgress()]))
  }

  /** What its requests and commits wait for, for people; null while they advance. */
  get waitingFor(): string | null {
    return [...this.#waits.values()][0] ?? null
  }

  begin(): void {
    this.phase = 'running'
    this.startedAt = performance.now()
  }

  /** Ends it, with what went wrong where something did; the first error stays. */
  end(error: BillingSyncError | null): void {
    this.error ??= error
    const failed = [...this.resources.values()].some((count) => count.failed > 0)
    this.phase = this.error !== null || failed ? 'failed' : 'done'
    this.endedAt = performance.now()
    this.#waits.clear()
  }

  /** Counts objects of a resource that were read one by one. */
  countObjects(resource: ResourceName, outcomes: readonly EntryOutcome[]): void {
    const count = this.resources.get(resource)
    if (count === undefined) return
    count.read += outcomes.length
    for (const { outcome } of outcomes) {
      if (outcome === 'applied') count.applied += 1
      else if (outcome === 'failed') count.failed += 1
      else count.unchanged += 1
    }
  }

  /** Counts what failed and is none of the objects that a resource is read for: entries of a list that serves it, relatives. */
  countFailedAlong(list: ListName, failed: number): void {
    const count = this.resources.get(servedResource(list, this.resources))
    if (count !== undefined) count.failed += failed
  }

  /** Counts entries of a list that an earlier process of the run read and could not store. */
  countFailedBefore(list: ListName, failed: number): void {
    if (failed === 0) return
    this.countFailedAlong(list, failed)
    const count = list === 'invoice_payments' ? undefined : this.resources.get(list)
    if (count !== undefined) count.read += failed
    const what = list.replace('_', ' ')
    this.warnings.push(`${failed} of the ${what} failed before the interruption: see the log of that time`)
  }

  /** Counts the requests that are made on behalf of a resource. */
  listenerOf(resource: ResourceName): PaceListener {
    const count = this.resources.get(resource) ?? newProgress()
    return {
      onRequest: () => {
        count.requests += 1
      },
      onRetry: () => {
        count.retries += 1
      },
      onLimited: () => {
        count.limited += 1
      },
      onWaiting: (reason) => this.#noteWait(resource, reason),
    }
  }

  /** Told what its commits wait for, or null when they go on. */
  noteCommitWait(reason: string | null): void {
    this.#noteWait('commits', reason)
  }

  #noteWait(who: ResourceName | 'commits', reason: string | null): void {
    if (reason === null) this.#waits.delete(who)
    else this.#waits.set(who, reason)
  }
}

/** Objects listed as drift; more are only counted. */
const mostDrift = 10_000

/** A whole run. */
export class BackfillTally {
  readonly drift: Drift[] = []
  readonly failures = new ObjectFailures()
  /** Objects that differ beyond those listed. */
  driftOmitted = 0
  /** Contacts that new mappings of the config changed before the first page. */
  derived = 0
  /** Accounts that were left out, as they do not let the platform in. */
  leftOut: readonly string[] = []
  /** True once the run is opened, until it is over with no account left to go on with. */
  goesOn = false
  readonly #accounts = new Map<string, AccountTally>()

  get accounts(): readonly AccountTally[] {
    return [...this.#accounts.values()]
  }

  /** True where something needs a person: an account is not complete, an object failed, or drift was found. */
  get hasFailures(): boolean {
    return this.drift.length > 0 || this.accounts.some(({ phase }) => phase !== 'done')
  }

  /** Notes what an account and Stripe do not agree on; beyond `mostDrift` in all it is only counted. */
  addDrift(found: readonly Drift[], omitted: number): void {
    const room = found.slice(0, Math.max(0, mostDrift - this.drift.length))
    this.drift.push(...room)
    this.driftOmitted += found.length - room.length + omitted
  }

  /** Answers the tally of an account, which begins to wait. */
  add(account: string, resources: readonly ResourceName[]): AccountTally {
    const tally = new AccountTally(account, resources)
    this.#accounts.set(account, tally)
    return tally
  }

  summary(durationMs: number): BackfillSummary {
    const { accounts, drift, driftOmitted, failures, leftOut } = this
    const failed = accounts.flatMap(({ account, error }) => (error === null ? [] : [{ account, error }]))
    return {
      accounts: Object.fromEntries(accounts.map(({ account, resources }) => [account, countsOf(resources)])),
      errors: Object.fromEntries(
        failed.map(({ account, error: { code, message } }) => [account, { code, message }]),
      ),
      drift,
      ...(driftOmitted === 0 ? {} : { drift_omitted: driftOmitted }),
      ...(leftOut.length === 0 ? {} : { left_out: leftOut }),
      ...(failures.listed.length === 0
        ? {}
        : { failures: failures.listed, failures_omitted: failures.omitted }),
      duration_ms: Math.round(durationMs),
    }
  }
}

const countsOf = (
  resources: ReadonlyMap<ResourceName, ResourceProgress>,
): Partial<Record<ResourceName, ResourceCount>> =>
  Object.fromEntries(
    [...resources].map(([name, { limited: _limited, remaining: _remaining, ...count }]) => [name, count]),
  )
