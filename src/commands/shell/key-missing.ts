// What is said to whoever gave no key where Stripe has to be asked, or the key of the other mode.

import { BillingSyncError } from '../../errors.ts'

/** Returns the error of a command, or an option, that reads with the platform's key where none is set. */
export const keyMissing = (reader: string): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'STRIPE_SECRET_KEY',
    problem: `expected the platform's secret key, which ${reader} reads with, got none`,
  })

/** Returns the error of a command that reads with the key of one mode where the other one is wanted. */
export const modeContradicted = (keysMode: 'live' | 'test'): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'BILLING_SYNC_MODE',
    problem: `expected ${keysMode}, or any, since STRIPE_SECRET_KEY is a ${keysMode} key; give the key of the mode that is to be read`,
  })
