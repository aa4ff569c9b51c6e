// What happens to invoices, and the payments and charges that pay them or fail to.

import { chargeFacts } from './charge-operations.ts'
import {
  type Choice,
  chosen,
  editedMetadata,
  firstMetadata,
  type Operation,
  onOneOf,
  returns,
  updateAndMaybeReturn,
} from './operation.ts'
import { hashAt, type Json, numberAt, textAt } from './plain-json.ts'
import type { SimulatedAccount, SimulatedObject } from './simulated-account.ts'

const MOST_INVOICES = 4

const isOpen = (facts: Json): boolean => facts.status === 'open' || facts.status === 'uncollectible'

const createInvoice: Operation = (account, { pick, value }) => {
  const number = account.of('invoices').length + 1
  if (number > MOST_INVOICES) return false
  const subscription = value % 4 === 3 ? undefined : chosen(account.of('subscriptions'), pick)
  const owner = account.of('customers').find((one) => one.id === subscription?.facts.customer)
  const customer = owner ?? (value % 9 === 8 ? undefined : chosen(account.of('customers'), pick))
  if (customer === undefined && value % 9 !== 8) return false
  const total = value % 5 === 4 ? 0 : 500 + 25 * (value % 7)
  const invoice = account.create('invoices', {
    amount_due: total,
    amount_paid: 0,
    amount_remaining: total,
    attempt_count: 0,
    charge: null,
    currency: 'usd',
    customer: customer?.id ?? null,
    customer_email: customer?.facts.email ?? null,
    customer_name: customer?.facts.name ?? null,
    customer_phone: customer?.facts.phone ?? null,
    description: null,
    discounts: [],
    lines: linesOf(number, total),
    metadata: firstMetadata(pick),
    number: null,
    paid: false,
    payment_intent: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subscription: subscription?.id ?? null,
    subscription_metadata: { ...hashAt(subscription?.facts ?? {}, 'metadata') },
    total,
  })
  account.announce(invoice, 'invoice.created')
  if (subscription !== undefined) account.update(subscription, { latest_invoice: invoice.id })
  if (pick % 3 !== 0) finalizeOne(account, invoice, { pick, value })
  return true
}

const linesOf = (number: number, total: number): Json => {
  const line = {
    id: `il_${number}`,
    object: 'line_item',
    amount: total,
    currency: 'usd',
    description: 'Plan',
    quantity: 1,
  }
  return {
    object: 'list',
    data: [line],
    has_more: false,
    total_count: 1,
    url: `/v1/invoices/in_${number}/lines`,
  }
}

/** Changes an invoice and says so in the ways Stripe does: an update beside the telling events, or these alone. */
const transition = (
  account: SimulatedAccount,
  invoice: SimulatedObject,
  { patch, types, way }: { readonly patch: Json; readonly types: readonly string[]; readonly way: number },
): void => {
  const isUpdateTold = way % 4 !== 3
  if (isUpdateTold) account.update(invoice, patch)
  for (const type of types) account.announce(invoice, type, patch)
}

const transitionsAt = (invoice: SimulatedObject, moment: Json): Json => ({
  ...hashAt(invoice.facts, 'status_transitions'),
  ...moment,
})

const finalizeOne = (account: SimulatedAccount, invoice: SimulatedObject, { pick, value }: Choice): void => {
  const subscription = account.of('subscriptions').find((one) => one.id === invoice.facts.subscription)
  const total = numberAt(invoice.facts, 'total')
  const patch = {
    number: `ABCD-000${account.of('invoices').indexOf(invoice) + 1}`,
    // Now and then an invoice is paid past payment intents, as by a legacy charge.
    payment_intent: total === 0 || value % 6 === 5 ? null : `pi_${invoice.id}`,
    status: 'open',
    status_transitions: transitionsAt(invoice, { finalized_at: account.world.clock }),
    subscription_metadata: { ...hashAt(subscription?.facts ?? {}, 'metadata') },
  }
  transition(account, invoice, { patch, types: ['invoice.finalized'], way: pick })
}

const finalize = onOneOf(
  (account) => account.living('invoices', (facts) => facts.status === 'draft'),
  finalizeOne,
)

/** How an invoice gets paid: without a charge, its charge told first, its charge told last, its charge never told. */
const PAYMENTS = ['charge first', 'charge last', 'no charge', 'charge never seen', 'charge first'] as const

const pay = onOneOf(
  (account) => account.living('invoices', isOpen),
  (account, invoice, { pick, value }) => {
    const total = numberAt(invoice.facts, 'total')
    const way = total === 0 ? 'no charge' : chosen(PAYMENTS, value)
    const charge = way === 'no charge' ? undefined : paymentOf(account, invoice, way === 'charge never seen')
    const tellCharge = (): void => {
      if (charge !== undefined) tellSuccess(account, charge, pick)
    }
    if (way === 'charge first') tellCharge()
    if (value % 7 === 6) account.tick(1)
    settle(account, invoice, { charge, way: pick >> 1 })
    if (way !== 'charge first') tellCharge()
  },
)

const paymentOf = (
  account: SimulatedAccount,
  invoice: SimulatedObject,
  isNeverSeen: boolean,
): SimulatedObject => {
  const facts = { ...chargeFacts(account, invoice.facts), status: 'succeeded', paid: true, captured: true }
  return account.create(
    'charges',
    { ...facts, amount_captured: facts.amount },
    isNeverSeen ? 'never seen' : undefined,
  )
}

const tellSuccess = (account: SimulatedAccount, charge: SimulatedObject, way: number): void => {
  if (way % 3 === 0) {
    const { status, paid, amount_captured, captured } = charge.facts
    account.announce(charge, 'charge.pending', {
      status: 'pending',
      paid: false,
      amount_captured: 0,
      captured: false,
    })
    account.announce(charge, 'charge.succeeded', { status, paid, amount_captured, captured })
    return
  }
  account.announce(charge, 'charge.succeeded')
  if (way % 3 === 1) account.update(charge, { balance_transaction: `txn_${charge.id}` })
}

/** Which of the paid events a merchant's endpoint gets: Stripe sends both for a payment, one for a zero invoice. */
const PAID_EVENTS: readonly (readonly string[])[] = [
  ['invoice.paid', 'invoice.payment_succeeded'],
  ['invoice.payment_succeeded', 'invoice.paid'],
  ['invoice.paid'],
  ['invoice.payment_succeeded'],
]

const settle = (
  account: SimulatedAccount,
  invoice: SimulatedObject,
  { charge, way }: { readonly charge: SimulatedObject | undefined; readonly way: number },
): void => {
  const total = numberAt(invoice.facts, 'total')
  const isOutOfBand = charge === undefined && way % 2 === 1
  const patch = {
    amount_paid: isOutOfBand ? 0 : total,
    amount_remaining: 0,
    attempt_count: numberAt(invoice.facts, 'attempt_count') + (charge === undefined ? 0 : 1),
    charge: charge?.id ?? invoice.facts.charge,
    paid: true,
    status: 'paid',
    status_transitions: transitionsAt(invoice, { paid_at: account.world.clock }),
  }
  if (way % 3 === 0) tellPayment(account, invoice, charge)
  transition(account, invoice, { patch, types: chosen(PAID_EVENTS, way) ?? [], way })
  if (way % 3 !== 0) tellPayment(account, invoice, charge)
}

const tellPayment = (
  account: SimulatedAccount,
  invoice: SimulatedObject,
  charge: SimulatedObject | undefined,
): void => {
  const isOldAccount = account.plan.generation === 'acacia' && !account.world.mixedGenerations
  if (isOldAccount || charge === undefined) return
  const intent = textAt(invoice.facts, 'payment_intent')
  const payment = account.create('invoice_payments', {
    amount_paid: invoice.facts.total,
    amount_requested: invoice.facts.total,
    currency: 'usd',
    invoice: invoice.id,
    is_default: true,
    payment:
      intent === null
        ? { charge: charge.id, type: 'charge' }
        : { payment_intent: intent, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: account.world.clock },
  })
  account.announce(payment, 'invoice_payment.paid')
}

const failToPay = onOneOf(
  (account) => account.living('invoices', (facts) => facts.status === 'open' && facts.total !== 0),
  (account, invoice, { pick }) => {
    const facts = { ...chargeFacts(account, invoice.facts), failure_code: 'card_declined' }
    const charge = account.create('charges', facts)
    account.announce(charge, 'charge.failed')
    const patch = { attempt_count: numberAt(invoice.facts, 'attempt_count') + 1, charge: charge.id }
    transition(account, invoice, { patch, types: ['invoice.payment_failed'], way: pick })
  },
)

const giveUp = onOneOf(
  (account) => account.living('invoices', isOpen),
  (account, invoice, { value }) => {
    const now = account.world.clock
    const isVoid = value % 2 === 0 || invoice.facts.status === 'uncollectible'
    const moment = isVoid ? { voided_at: now } : { marked_uncollectible_at: now }
    const patch = {
      status: isVoid ? 'void' : 'uncollectible',
      status_transitions: transitionsAt(invoice, moment),
    }
    transition(account, invoice, {
      patch,
      types: [isVoid ? 'invoice.voided' : 'invoice.marked_uncollectible'],
      way: value,
    })
  },
)

const INVOICE_PATCHES: readonly ((facts: Json, value: number) => Json)[] = [
  (facts, value) => ({ metadata: editedMetadata(facts, value) }),
  (_facts, value) => ({ description: chosen([null, 'Thank you', 'Again'], value) }),
  (_facts, value) => ({ discounts: value % 2 === 0 ? [] : ['di_1', 'di_2'] }),
]

const edit = onOneOf(
  (account) => account.living('invoices'),
  (account, invoice, { pick, value }) => {
    const patch = { ...chosen(INVOICE_PATCHES, pick >> 2)?.(invoice.facts, value) }
    updateAndMaybeReturn(account, invoice, { patch, times: returns(value) })
  },
)

const send = onOneOf(
  (account) => account.living('invoices', (facts) => facts.status !== 'draft'),
  (account, invoice) => account.announce(invoice, 'invoice.sent'),
)

const deleteDraft = onOneOf(
  (account) => account.living('invoices', (facts) => facts.status === 'draft'),
  (account, invoice, { value }) => account.delete(invoice, value % 2 === 0 ? 'bare' : 'whole'),
)

/** What happens to invoices, each as often as it is listed. */
export const INVOICE_OPERATIONS: readonly Operation[] = [
  createInvoice,
  createInvoice,
  createInvoice,
  createInvoice,
  finalize,
  finalize,
  finalize,
  pay,
  pay,
  pay,
  pay,
  pay,
  pay,
  failToPay,
  giveUp,
  edit,
  edit,
  edit,
  edit,
  send,
  deleteDraft,
]
