// Complete endive objects of accounts, customers and what they buy; creations change what they name.
import type { Hash } from './json.ts'
import type { TemplateFacts } from './templates.ts'

const ACCOUNT: Hash = {
  business_profile: { mcc: null, name: 'Example', support_email: null, url: null },
  business_type: 'company',
  capabilities: { card_payments: 'active', transfers: 'active' },
  charges_enabled: true,
  controller: { type: 'account' },
  country: 'US',
  default_currency: 'usd',
  details_submitted: true,
  metadata: {},
  payouts_enabled: true,
  settings: { dashboard: { display_name: 'Example', timezone: 'Etc/UTC' } },
  type: 'standard',
}

/** Returns a standard account that can charge. */
export const accountTemplate = ({ id }: TemplateFacts): Hash => ({
  ...ACCOUNT,
  email: `${id}@accounts.example`,
})

const CUSTOMER: Hash = {
  address: null,
  balance: 0,
  currency: 'usd',
  default_source: null,
  delinquent: false,
  description: null,
  discount: null,
  email: null,
  invoice_settings: {
    custom_fields: null,
    default_payment_method: null,
    footer: null,
    rendering_options: null,
  },
  metadata: {},
  name: null,
  next_invoice_sequence: 1,
  phone: null,
  preferred_locales: [],
  shipping: null,
  tax_exempt: 'none',
  test_clock: null,
}

/** Returns a customer of whom nothing is known but that it exists. */
export const customerTemplate = ({ id }: TemplateFacts): Hash => ({
  ...CUSTOMER,
  invoice_prefix: id.slice(-8).toUpperCase(),
})

const PRODUCT: Hash = {
  active: true,
  default_price: null,
  description: null,
  images: [],
  marketing_features: [],
  metadata: {},
  name: 'Service',
  package_dimensions: null,
  shippable: null,
  statement_descriptor: null,
  tax_code: null,
  type: 'service',
  unit_label: null,
  url: null,
}

/** Returns an active service. */
export const productTemplate = ({ created }: TemplateFacts): Hash => ({
  ...PRODUCT,
  updated: created,
})

const PRICE: Hash = {
  active: true,
  billing_scheme: 'per_unit',
  currency: 'usd',
  custom_unit_amount: null,
  lookup_key: null,
  metadata: {},
  nickname: null,
  recurring: {
    interval: 'month',
    interval_count: 1,
    meter: null,
    trial_period_days: null,
    usage_type: 'licensed',
  },
  tax_behavior: 'unspecified',
  tiers_mode: null,
  transform_quantity: null,
  type: 'recurring',
  unit_amount: 2000,
  unit_amount_decimal: '2000',
}

/** Returns a price of $20 a month. */
export const priceTemplate = ({ id }: TemplateFacts): Hash => ({
  ...PRICE,
  product: `prod_of_${id}`,
})
