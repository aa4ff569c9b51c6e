// What happens to charges after or without an invoice, and to their refunds and disputes.
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
import { type Json, numberAt } from './plain-json.ts'
import type { SimulatedAccount, SimulatedObject } from './simulated-account.ts'

const MOST_STANDALONE_CHARGES = 2

/** Returns the facts of a failed charge for an invoice, or of one that pays no invoice. */
export const chargeFacts = (account: SimulatedAccount, invoice: Json | undefined) => {
  const number = account.of('charges').length + 1
  return {
    amount: invoice === undefined ? 900 : numberAt(invoice, 'total'),
    amount_captured: 0,
    amount_refunded: 0,
    balance_transaction: null,
    captured: false,
    currency: 'usd',
    customer: invoice === undefined ? null : invoice.customer,
    description: null,
    disputed: false,
    failure_code: null,
    invoice: invoice === undefined ? null : invoice.id,
    metadata: firstMetadata(number),
    paid: false,
    payment_intent: invoice === undefined ? `pi_ch_${number}` : invoice.payment_intent,
    refunded: false,
    status: 'failed',
  }
}

const createCharge: Operation = (account, { pick, value }) => {
  const standalone = account.of('charges').filter((charge) => charge.facts.invoice === null)
  if (standalone.length >= MOST_STANDALONE_CHARGES) return false
  const status = chosen(['succeeded', 'pending', 'failed'] as const, value) ?? 'succeeded'
  const isCaptured = status === 'succeeded' && pick % 2 === 0
  const charge = account.create('charges', {
    ...chargeFacts(account, undefined),
    amount_captured: isCaptured ? 900 : 0,
    captured: isCaptured,
    customer: chosen(account.of('customers'), pick)?.id ?? null,
    paid: status === 'succeeded',
    status,
  })
  account.announce(charge, `charge.${status}`)
  return true
}

const settlePending = onOneOf(
  (account) => account.living('charges', (facts) => facts.status === 'pending'),
  (account, charge, { value }) => {
    const status = value % 3 === 0 ? 'failed' : 'succeeded'
    account.announce(charge, `charge.${status}`, { status, paid: status === 'succeeded' })
  },
)

const capture = onOneOf(
  (account) => account.living('charges', (facts) => facts.status === 'succeeded' && facts.captured === false),
  (account, charge, { value }) => {
    const patch = { captured: true, amount_captured: charge.facts.amount }
    tell(account, charge, { type: 'charge.captured', patch, value })
  },
)

/** Some events beside `*.updated` tell previous_attributes too, some don't. */
const tell = (
  account: SimulatedAccount,
  object: SimulatedObject,
  { type, patch, value }: { readonly type: string; readonly patch: Json; readonly value: number },
): void => (value % 3 === 0 ? account.announce(object, type, patch) : account.change(object, patch, type))

const edit = onOneOf(
  (account) => account.living('charges'),
  (account, charge, { pick, value }) => {
    const metadata = editedMetadata(charge.facts, value)
    const patch = pick % 5 === 0 ? { description: chosen([null, 'Order 7'], value) } : { metadata }
    updateAndMaybeReturn(account, charge, { patch, times: returns(value) })
  },
)

const isRefundable = (facts: Json): boolean =>
  facts.captured === true && numberAt(facts, 'amount_refunded') < numberAt(facts, 'amount')

const refund = onOneOf(
  (account) => account.living('charges', isRefundable),
  (account, charge, { pick, value }) => {
    const left = numberAt(charge.facts, 'amount') - numberAt(charge.facts, 'amount_refunded')
    const amount = pick % 2 === 0 ? left : Math.min(100, left)
    const made = account.create('refunds', {
      amount,
      balance_transaction: null,
      charge: charge.id,
      currency: 'usd',
      metadata: firstMetadata(pick),
      payment_intent: charge.facts.payment_intent,
      reason: chosen([null, 'requested_by_customer', 'duplicate'], value),
      receipt_number: null,
      status: chosen(['pending', 'succeeded'], value),
    })
    account.announce(made, 'refund.created')
    const patch = {
      amount_refunded: numberAt(charge.facts, 'amount_refunded') + amount,
      refunded: amount === left,
    }
    tell(account, charge, { type: 'charge.refunded', patch, value })
  },
)

const editRefund = onOneOf(
  (account) => account.living('refunds'),
  (account, made, { pick, value }) => {
    if (made.facts.status === 'pending') account.update(made, { status: 'succeeded' })
    else if (pick % 4 === 0)
      tell(account, made, { type: 'refund.failed', patch: { status: 'failed' }, value })
    else account.change(made, { metadata: editedMetadata(made.facts, value) }, 'refund.updated')
  },
)

const dispute = onOneOf(
  (account) => account.living('charges', (facts) => facts.status === 'succeeded' && facts.disputed === false),
  (account, charge, { value }) => {
    account.update(charge, { disputed: true })
    const made = account.create('disputes', {
      amount: charge.facts.amount,
      balance_transactions: [],
      charge: charge.id,
      currency: 'usd',
      is_charge_refundable: false,
      metadata: {},
      payment_intent: charge.facts.payment_intent,
      reason: chosen(['general', 'fraudulent'], value),
      status: 'needs_response',
    })
    account.announce(made, 'charge.dispute.created')
    const withdrawal = {
      balance_transactions: [{ id: `txn_${made.id}`, object: 'balance_transaction', amount: -900 }],
    }
    tell(account, made, { type: 'charge.dispute.funds_withdrawn', patch: withdrawal, value })
  },
)

const answerDispute = onOneOf(
  (account) => account.living('disputes', (facts) => !['won', 'lost'].includes(String(facts.status))),
  (account, made, { pick, value }: Choice) => {
    if (made.facts.status === 'needs_response') account.update(made, { status: 'under_review' })
    else
      tell(account, made, {
        type: 'charge.dispute.closed',
        patch: { status: pick % 2 === 0 ? 'won' : 'lost' },
        value,
      })
  },
)

/** What happens to charges, each as often as it is listed. */
export const CHARGE_OPERATIONS: readonly Operation[] = [
  createCharge,
  settlePending,
  capture,
  edit,
  edit,
  edit,
  refund,
]

/** What happens to refunds and disputes, each as often as it is listed. */
export const REFUND_OPERATIONS: readonly Operation[] = [refund, editRefund, editRefund]
export const DISPUTE_OPERATIONS: readonly Operation[] = [dispute, answerDispute, answerDispute]
