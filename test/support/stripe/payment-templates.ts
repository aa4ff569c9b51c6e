// Complete endive objects of payments with every field that a plain card payment has; creations change what they name.
import type { Hash } from './json.ts'
import type { TemplateFacts } from './templates.ts'

const NO_ADDRESS: Hash = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
}

const CARD: Hash = {
  amount_authorized: 2000,
  authorization_code: null,
  brand: 'visa',
  checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
  country: 'US',
  exp_month: 8,
  exp_year: 2030,
  extended_authorization: { status: 'disabled' },
  fingerprint: 'xt5EWLLDS7FJjR1c',
  funding: 'credit',
  incremental_authorization: { status: 'unavailable' },
  installments: null,
  last4: '4242',
  mandate: null,
  multicapture: { status: 'unavailable' },
  network: 'visa',
  network_token: { used: false },
  network_transaction_id: '104102978678771',
  overcapture: { maximum_amount_capturable: 2000, status: 'unavailable' },
  regulated_status: 'unregulated',
  three_d_secure: null,
  wallet: null,
}

const CHARGE: Hash = {
  amount_refunded: 0,
  application: null,
  application_fee: null,
  application_fee_amount: null,
  balance_transaction: null,
  billing_details: { address: NO_ADDRESS, email: null, name: null, phone: null, tax_id: null },
  calculated_statement_descriptor: 'EXAMPLE',
  currency: 'usd',
  customer: null,
  description: null,
  disputed: false,
  failure_balance_transaction: null,
  failure_code: null,
  failure_message: null,
  fraud_details: {},
  metadata: {},
  on_behalf_of: null,
  outcome: {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: 'approved_by_network',
    reason: null,
    risk_level: 'normal',
    risk_score: 9,
    seller_message: 'Payment complete.',
    type: 'authorized',
  },
  payment_intent: null,
  payment_method: 'pm_1PgaftB7WZ01zgkWm3waTcFp',
  payment_method_details: { card: CARD, type: 'card' },
  presentment_details: null,
  receipt_email: null,
  receipt_number: null,
  refunded: false,
  review: null,
  shipping: null,
  source_transfer: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  transfer_data: null,
  transfer_group: null,
}

/** Returns a card charge, of $20 and succeeded unless asked otherwise, that nothing else knows of. */
export const chargeTemplate = ({ id, given }: TemplateFacts): Hash => ({
  ...CHARGE,
  ...chargeState(given),
  receipt_url: `https://pay.stripe.com/receipts/payment/${id}`,
})

const chargeState = ({
  amount = 2000,
  status = 'succeeded',
  captured = status === 'succeeded',
}: Hash): Hash => ({
  amount,
  amount_captured: captured === true ? amount : 0,
  captured,
  paid: status === 'succeeded',
  status,
})

const PAYMENT_INTENT: Hash = {
  amount: 2000,
  amount_capturable: 0,
  amount_details: { tip: {} },
  amount_received: 0,
  application: null,
  application_fee_amount: null,
  automatic_payment_methods: null,
  canceled_at: null,
  cancellation_reason: null,
  capture_method: 'automatic_async',
  confirmation_method: 'automatic',
  currency: 'usd',
  customer: null,
  customer_account: null,
  description: null,
  last_payment_error: null,
  latest_charge: null,
  metadata: {},
  next_action: null,
  on_behalf_of: null,
  payment_method: null,
  payment_method_options: { card: { request_three_d_secure: 'automatic' } },
  payment_method_types: ['card'],
  processing: null,
  receipt_email: null,
  review: null,
  setup_future_usage: null,
  shipping: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  status: 'requires_payment_method',
  transfer_data: null,
  transfer_group: null,
}

/** Returns a payment intent of $20 that waits for a payment method. */
export const paymentIntentTemplate = ({ id }: TemplateFacts): Hash => ({
  ...PAYMENT_INTENT,
  client_secret: `${id}_secret`,
})

const REFUND: Hash = {
  amount: 2000,
  balance_transaction: null,
  charge: null,
  currency: 'usd',
  customer: null,
  customer_account: null,
  destination_details: {
    card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
    type: 'card',
  },
  metadata: {},
  payment_intent: null,
  payment_method: null,
  reason: null,
  receipt_number: null,
  source_transfer_reversal: null,
  status: 'succeeded',
  transfer_reversal: null,
}

/** Returns a succeeded refund of $20. */
export const refundTemplate = (): Hash => REFUND

const DISPUTE: Hash = {
  amount: 2000,
  balance_transactions: [],
  charge: null,
  currency: 'usd',
  enhanced_eligibility_types: [],
  evidence: { customer_name: null, product_description: null, uncategorized_text: null },
  is_charge_refundable: false,
  metadata: {},
  payment_intent: null,
  payment_method_details: {
    card: { brand: 'visa', case_type: 'chargeback', network_reason_code: '10.4' },
    type: 'card',
  },
  reason: 'fraudulent',
  status: 'needs_response',
}

/** Returns a dispute of $20 that needs a response within a week. */
export const disputeTemplate = ({ created }: TemplateFacts): Hash => ({
  ...DISPUTE,
  evidence_details: {
    due_by: created + 604_800,
    enhanced_eligibility: {},
    has_evidence: false,
    past_due: false,
    submission_count: 0,
  },
})

const BALANCE_TRANSACTION: Hash = {
  balance_type: 'payments',
  currency: 'usd',
  description: null,
  exchange_rate: null,
  fee: 88,
  fee_details: [
    {
      amount: 88,
      application: null,
      currency: 'usd',
      description: 'Stripe processing fees',
      type: 'stripe_fee',
    },
  ],
  reporting_category: 'charge',
  source: null,
  status: 'pending',
  type: 'charge',
}

/** Returns the balance transaction of a charge, with a fee of 88. */
export const balanceTransactionTemplate = ({ created, given: { amount = 2000 } }: TemplateFacts): Hash => ({
  ...BALANCE_TRANSACTION,
  amount,
  available_on: created + 172_800,
  net: Number(amount) - 88,
})
