// The platform's account for deliveries that name none. Stripe may have to be asked for it, and may not answer, while
// a delivery has to be answered in time.

import { BillingSyncError } from '../../errors.ts'
import { inTime } from '../../in-time.ts'

/** How long a delivery waits for the answer, and how long nobody asks again after Stripe gave none. */
const patienceMs = 2_000
const pauseMs = 5_000

/**
 * Returns a function that answers within two seconds, or throws: what was thrown by the one given, or
 * `stripe_unavailable`. Once there is an answer, it stays.
 */
export const answerInTime = (ask: () => Promise<string>): (() => Promise<string>) => {
  let asked: Promise<string> | null = null
  const askAgain = (): void => {
    asked = null
  }
  const askAgainLater = (error: unknown): void => {
    // Whoever asks next is only let through once MongoDB is back.
    if (error instanceof BillingSyncError && error.code === 'mongodb_unavailable') askAgain()
    else setTimeout(askAgain, pauseMs).unref()
  }
  return async () => {
    if (asked === null) {
      asked = ask()
      asked.catch(askAgainLater)
    }
    const account = await inTime(asked, patienceMs, null)
    if (account === null) throw new BillingSyncError('stripe_unavailable')
    return account
  }
}
