// The account of entries that name none. Stripe may have to be asked for it, and may not tell: that is the matter of
// these entries, not of the others.

import { BillingSyncError, type ErrorCode } from '../../errors.ts'
import { type Patience, patiently } from '../../pipeline/patience.ts'

export interface PlatformAsking extends Patience {
  readonly platformAccount: () => Promise<string>
  readonly signal: AbortSignal
}

/**
 * Returns what answers it. Trouble that passes is waited out once, for all of them; what came then, the account or the
 * error, is answered to everybody, since a file may hold a million of such entries.
 */
export const openPlatformOfEntries = (asking: PlatformAsking): (() => Promise<string>) => {
  let answer: Promise<Answer> | null = null
  return async () => {
    answer ??= patiently(() => askOnce(asking), asking)
    const told = await answer
    if ('error' in told) throw told.error
    return told.account
  }
}

type Answer = { readonly account: string } | { readonly error: unknown }

// Waiting mends no key, and after the signal nobody waits.
const askOnce = async ({ platformAccount, signal }: PlatformAsking): Promise<Answer> => {
  try {
    return { account: await platformAccount() }
  } catch (error) {
    if (signal.aborted || isUnauthorized(error)) return { error }
    throw error
  }
}

const isUnauthorized = (error: unknown): boolean =>
  error instanceof BillingSyncError && error.code === ('stripe_unauthorized' satisfies ErrorCode)
