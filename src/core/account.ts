// A connected account ("stripeBilling") as the handlers see it.

import type { MappingRule } from './mapping.ts'

export interface AccountSettings {
  /** Connected account id, or `platform` while the platform's own is unknown. */
  readonly id: string
  /** Whether a customer event makes a CRM contact where none is found. */
  readonly newContact: boolean
  /** Whether paid invoices are told to the customer's support room. */
  readonly support: boolean
  /** Empty: `email`, `name` and `phone` are copied. */
  readonly mappings: readonly MappingRule[]
}

/** Settings of an account that no config lists. */
export const defaultSettings = (id: string): AccountSettings => ({
  id,
  newContact: false,
  support: true,
  mappings: [],
})
