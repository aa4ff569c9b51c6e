// The platform's account for commands that can't begin without it.

import { BillingSyncError } from '../../errors.ts'
import type { Handling } from './open-handling.ts'

/**
 * Returns the platform's account. Which one it is decides how each is asked for: a failure to tell is one of the
 * configuration (`config_invalid`).
 */
export const platformOf = async ({ platformAccount }: Handling): Promise<string> => {
  try {
    return await platformAccount()
  } catch (error) {
    if (!(error instanceof BillingSyncError) || !error.code.startsWith('stripe_')) throw error
    const problem = `the platform's own account could not be asked of Stripe (${error.message}); set it, or mend that`
    throw new BillingSyncError('config_invalid', { source: 'STRIPE_ACCOUNT_ID', problem }, { cause: error })
  }
}
