// Complete endive objects of invoices and subscriptions; creations change what they name.
import type { Hash } from './json.ts'
import type { TemplateFacts } from './templates.ts'

const MONTH = 2_592_000

const AUTOMATIC_TAX: Hash = {
  disabled_reason: null,
  enabled: false,
  liability: null,
  provider: null,
  status: null,
}

const INVOICE: Hash = {
  account_country: 'US',
  account_name: 'Example',
  account_tax_ids: null,
  application: null,
  attempt_count: 0,
  attempted: false,
  auto_advance: false,
  automatic_tax: AUTOMATIC_TAX,
  automatically_finalizes_at: null,
  billing_reason: 'manual',
  collection_method: 'charge_automatically',
  currency: 'usd',
  custom_fields: null,
  customer: null,
  customer_account: null,
  customer_address: null,
  customer_email: null,
  customer_name: null,
  customer_phone: null,
  customer_shipping: null,
  customer_tax_exempt: 'none',
  customer_tax_ids: [],
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  due_date: null,
  effective_at: null,
  ending_balance: null,
  footer: null,
  from_invoice: null,
  issuer: { type: 'self' },
  last_finalization_error: null,
  latest_revision: null,
  metadata: {},
  next_payment_attempt: null,
  number: null,
  on_behalf_of: null,
  parent: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  starting_balance: 0,
  statement_descriptor: null,
  status: 'draft',
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  test_clock: null,
  total_discount_amounts: [],
  total_pretax_credit_amounts: [],
  total_taxes: [],
  webhooks_delivered_at: null,
}

/** Returns a draft invoice, over $20 unless another total is asked for, that belongs to no subscription. */
export const invoiceTemplate = ({ created, accountId, id, livemode, given }: TemplateFacts): Hash => ({
  ...INVOICE,
  ...invoiceAmounts(given),
  hosted_invoice_url: `https://invoice.stripe.com/i/${accountId}/${livemode ? 'live' : 'test'}_${id}`,
  invoice_pdf: `https://pay.stripe.com/invoice/${accountId}/${id}/pdf`,
  period_end: created,
  period_start: created,
})

const invoiceAmounts = ({ total = 2000 }: Hash): Hash => ({
  amount_due: total,
  amount_overpaid: 0,
  amount_paid: 0,
  amount_paid_off_stripe: 0,
  amount_remaining: total,
  amount_shipping: 0,
  subtotal: total,
  subtotal_excluding_tax: total,
  total,
  total_excluding_tax: total,
})

const LINE_ITEM: Hash = {
  amount: 2000,
  currency: 'usd',
  description: 'Service',
  discount_amounts: [],
  discountable: true,
  discounts: [],
  metadata: {},
  pretax_credit_amounts: [],
  pricing: null,
  quantity: 1,
  quantity_decimal: '1',
  subscription: null,
  subtotal: 2000,
  taxes: [],
}

/** Returns a line over $20 that was put on the invoice by hand. */
export const lineItemTemplate = ({ created, id }: TemplateFacts): Hash => ({
  ...LINE_ITEM,
  parent: {
    invoice_item_details: {
      invoice_item: `ii_${id.slice(3)}`,
      proration: false,
      proration_details: { credited_items: null },
      subscription: null,
    },
    subscription_item_details: null,
    type: 'invoice_item_details',
  },
  period: { end: created, start: created },
})

const SUBSCRIPTION: Hash = {
  application: null,
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null },
  billing_cycle_anchor_config: null,
  billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
  billing_thresholds: null,
  cancel_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  cancellation_details: { comment: null, feedback: null, reason: null },
  collection_method: 'charge_automatically',
  currency: 'usd',
  customer: null,
  customer_account: null,
  days_until_due: null,
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  ended_at: null,
  invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
  latest_invoice: null,
  metadata: {},
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  pause_collection: null,
  payment_settings: {
    payment_method_options: null,
    payment_method_types: null,
    save_default_payment_method: 'off',
  },
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  schedule: null,
  status: 'active',
  test_clock: null,
  transfer_data: null,
  trial_end: null,
  trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
  trial_start: null,
}

/** Returns an active monthly subscription without items. */
export const subscriptionTemplate = ({ created }: TemplateFacts): Hash => ({
  ...SUBSCRIPTION,
  billing_cycle_anchor: created,
  start_date: created,
})

const SUBSCRIPTION_ITEM: Hash = {
  billing_thresholds: null,
  discounts: [],
  metadata: {},
  quantity: 1,
  subscription: null,
  tax_rates: [],
}

/** Returns a subscription's item whose first month begins now. */
export const subscriptionItemTemplate = ({ created }: TemplateFacts): Hash => ({
  ...SUBSCRIPTION_ITEM,
  current_period_end: created + MONTH,
  current_period_start: created,
})

const INVOICE_PAYMENT: Hash = {
  amount_paid: null,
  amount_requested: 2000,
  currency: 'usd',
  invoice: null,
  is_default: true,
  payment: { payment_intent: null, type: 'payment_intent' },
  status: 'open',
  status_transitions: { canceled_at: null, paid_at: null },
}

/** Returns an open payment of an invoice, not paid yet. */
export const invoicePaymentTemplate = (): Hash => INVOICE_PAYMENT
