// Small events written by hand, for tests whose expectation is worked out by hand too.
import type { AccountSettings, Generation } from './history.ts'
import type { Json } from './plain-json.ts'
import { API_VERSIONS } from './stripe-shapes.ts'

interface Telling {
  readonly type: string
  /** The second of the event. */
  readonly at: number
  readonly object: Json
  readonly previous?: Json
  readonly account?: string
  readonly generation?: Generation
  readonly id?: string
}

/** Returns an event of Stripe; its id has type and second in it unless one is given. */
export const stripeEvent = (told: Telling): Json => ({
  id: told.id ?? `evt_${told.type.replaceAll('.', '_')}_${told.at}`,
  object: 'event',
  account: told.account ?? 'acct_1',
  api_version: API_VERSIONS[told.generation ?? 'acacia'],
  created: told.at,
  livemode: false,
  type: told.type,
  data: {
    object: told.object,
    ...(told.previous === undefined ? {} : { previous_attributes: told.previous }),
  },
})

/** Returns an account that makes contacts and posts messages, without mappings, unless told otherwise. */
export const account = (settings: Partial<AccountSettings> = {}): AccountSettings => ({
  stripe_user_id: 'acct_1',
  new_contact: true,
  support: true,
  mappings: [],
  ...settings,
})

export const customer = (fields: Json = {}): Json => ({
  id: 'cus_1',
  object: 'customer',
  created: 1,
  email: 'ann@example.com',
  name: 'Ann',
  phone: null,
  address: null,
  metadata: {},
  ...fields,
})

export const subscription = (fields: Json = {}): Json => ({
  id: 'sub_1',
  object: 'subscription',
  created: 1,
  customer: 'cus_1',
  latest_invoice: null,
  metadata: {},
  status: 'active',
  ...fields,
})

/** An invoice as both generations render it; links are for each test to add. */
export const invoice = (fields: Json = {}): Json => ({
  id: 'in_1',
  object: 'invoice',
  created: 1,
  amount_paid: 0,
  customer: 'cus_1',
  customer_email: 'ann@example.com',
  customer_name: 'Ann',
  customer_phone: null,
  metadata: {},
  status: 'open',
  ...fields,
})

export const paidInvoice = (fields: Json = {}): Json =>
  invoice({ amount_paid: 500, status: 'paid', ...fields })

export const charge = (fields: Json = {}): Json => ({
  id: 'ch_1',
  object: 'charge',
  created: 1,
  customer: 'cus_1',
  metadata: {},
  payment_intent: 'pi_1',
  status: 'succeeded',
  ...fields,
})
