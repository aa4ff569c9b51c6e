// What to do when a batch does not go through at once. Guarantee: trouble that passes and commits lost to other writers
// are waited out for a bounded time.

import { setTimeout as wait } from 'node:timers/promises'
import { grownPause, spreadPause } from '../core/growing-pause.ts'
import { failureOf } from '../core/inbox-row.ts'
import { BillingSyncError, isRetryable } from '../errors.ts'

export interface Patience {
  /** Told of every commit lost to another writer. */
  readonly onLostCommit: () => void
  /** From 0 up to 1. */
  readonly random: () => number
  /** How long trouble that passes is waited out, in milliseconds; a minute unless told otherwise. */
  readonly patienceMs?: number
  /** Told what is waited for, for people; null once it is over. */
  readonly onWaiting?: (reason: string | null) => void
  /** Answers an error with what else is known of its cause; default: as it is. Never rejects. */
  readonly explain?: (error: unknown) => Promise<unknown>
  /** Once it aborts, trouble that passes is not waited out any more: a wait that is under way ends with one last try. */
  readonly endSignal?: AbortSignal
  /** True where a commit that is too heavy is told at once, since parts of it can be tried instead. */
  readonly isDivisible?: boolean
}

/** How long trouble that passes is waited out, unless told otherwise. */
export const defaultPatienceMs = 60_000

/** Pauses between tries. */
const pauses = { firstMs: 20, longestMs: 5_000 }

/**
 * After a lost commit. Whoever else writes the account leaves the way free for some milliseconds, which a longer pause
 * would oversleep; what is tried until then is a single write where the store holds accounts.
 */
const pauseAfterLossMs = 15

/** How often a commit that MongoDB ends counts as lost to somebody else before it counts as too heavy: some seconds in all. */
const mostCrowded = 5

/** Repeats an attempt until it answers: null is a commit lost to another writer, a passing error is waited out. */
export const patiently = async <Result>(
  attemptOnce: () => Promise<Result | null>,
  patience: Patience,
): Promise<Result> => {
  try {
    return await repeat(attemptOnce, patience)
  } finally {
    patience.onWaiting?.(null)
  }
}

const repeat = async <Result>(
  attemptOnce: () => Promise<Result | null>,
  patience: Patience,
): Promise<Result> => {
  const { onLostCommit, random, onWaiting, isDivisible = false } = patience
  const { patienceMs = defaultPatienceMs, explain = async (error) => error } = patience
  const deadline = performance.now() + patienceMs
  let crowded = 0
  let troubles = 0
  for (;;) {
    let pauseMs = grownPause(pauses, troubles)
    const begunAt = performance.now()
    try {
      const result = await attemptOnce()
      if (result !== null) return result
      onLostCommit()
      pauseMs = pauseAfterLossMs
      if (performance.now() > deadline)
        throw new BillingSyncError('account_busy', { seconds: patienceMs / 1000 })
    } catch (thrown) {
      const error = await explain(thrown)
      if (performance.now() > deadline || (isDivisible && mayGoInParts(error))) throw error
      if (isRetryable(error)) {
        // A try that looks for a server in vain takes ten seconds, and so would the next.
        const tookMs = performance.now() - begunAt
        const isGivenUp = patience.endSignal?.aborted === true
        if (isGivenUp || performance.now() + pauseMs + tookMs > deadline) throw error
        onWaiting?.(failureOf(error).message)
      } else if (mayGoInParts(error) && crowded < mostCrowded) {
        crowded += 1
        onLostCommit()
      } else throw error
      troubles += 1
    }
    await rest(spreadPause(pauseMs, random()), patience)
  }
}

const rest = async (ms: number, { endSignal }: Patience): Promise<void> => {
  // After the signal only lost commits are tried again, at their own pace.
  const options = endSignal === undefined || endSignal.aborted ? {} : { signal: endSignal }
  await wait(ms, undefined, options).catch(() => undefined)
}

/** Tells whether MongoDB ended a commit for what it writes: parts of it may go through. */
export const mayGoInParts = (error: unknown): boolean =>
  error instanceof BillingSyncError && (error.code === 'commit_too_heavy' || error.code === 'commit_too_slow')

const refusals: ReadonlySet<string> = new Set(['payload_unstorable', 'document_conflict', 'document_refused'])

/** Tells whether the store refused a document: which object's it was shows when each is alone. */
export const isRefusal = (error: unknown): error is BillingSyncError =>
  error instanceof BillingSyncError && refusals.has(error.code)

/**
 * Returns the attempt made once more where it finds a key taken by somebody else: what it read was older. A key that
 * is still taken then will stay so.
 */
export const reloadingOnce = <Result>(
  attempt: () => Promise<Result | null>,
): (() => Promise<Result | null>) => {
  let isReloaded = false
  return async () => {
    try {
      return await attempt()
    } catch (error) {
      if (isReloaded || !(error instanceof BillingSyncError) || error.code !== 'document_conflict')
        throw error
      isReloaded = true
      return null
    }
  }
}
