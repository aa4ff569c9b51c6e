// What an answer, or the lack of one, calls for: https://docs.stripe.com/error-low-level and
// https://docs.stripe.com/rate-limits. Pure.

import { grownPause } from '../../core/growing-pause.ts'

/** An answer's status and headers; null where no whole answer came. */
export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What to do with an answer. */
export type PaceVerdict =
  | { readonly kind: 'take' }
  /** Ask again, after `retryAfterMs` where Stripe says so. `limited` is the reason of a 429, else null. */
  | { readonly kind: 'again'; readonly limited: string | null; readonly retryAfterMs: number | null }

const conflict = 409
const tooMany = 429
const serverError = 500

/** The reason of a 429 that Stripe gives none for: another request holds the object. */
export const lockTimeout = 'lock_timeout'

/** Returns what an answer calls for; null is a connection that broke, or a body that is no JSON. */
export const verdictOn = (answer: AnswerHead | null): PaceVerdict => {
  if (answer === null) return { kind: 'again', limited: null, retryAfterMs: null }
  const { status, headers } = answer
  const limited = limitOf(answer)
  const told = textOf(headers['stripe-should-retry'])
  const isPassing = status === conflict || status === tooMany || status >= serverError
  const again = told === 'true' || (told !== 'false' && isPassing)
  if (!again || status < 300) return { kind: 'take' }
  return { kind: 'again', limited, retryAfterMs: secondsIn(textOf(headers['retry-after'])) }
}

/** Returns the reason of a 429, null of every other answer. */
export const limitOf = ({ status, headers }: AnswerHead): string | null =>
  status === tooMany ? (textOf(headers['stripe-rate-limited-reason']) ?? lockTimeout) : null

/** Pauses between tries. */
const pauses = { firstMs: 500, longestMs: 15_000 }
/** A lock is held for as long as another request takes. */
const lockPauses = { ...pauses, firstMs: 100 }

/**
 * Returns how long to wait before the next try: full jitter, so that those who were refused together do not come back
 * together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * @param attempt tries so far, from 1
 */
export const pauseBefore = (
  { limited, retryAfterMs }: Extract<PaceVerdict, { kind: 'again' }>,
  attempt: number,
  random: () => number,
): number => {
  const lengths = limited === lockTimeout ? lockPauses : pauses
  const jittered = grownPause(lengths, attempt - 1) * random()
  return Math.max(retryAfterMs ?? 0, jittered)
}

const textOf = (header: string | readonly string[] | undefined): string | null =>
  typeof header === 'string' ? header : null

const secondsIn = (header: string | null): number | null =>
  header !== null && /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : null
