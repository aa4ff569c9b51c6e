// What is said to whoever gave no key where Stripe has to be asked.

import { BillingSyncError } from '../../errors.ts'

/** Returns the error of a command, or an option, that reads with the platform's key where none is set. */
export const keyMissing = (reader: string): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'STRIPE_SECRET_KEY',
    problem: `expected the platform's secret key, which ${reader} reads with, got none`,
  })
