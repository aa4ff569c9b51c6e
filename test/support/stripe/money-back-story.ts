// What happens after a charge: refunds that succeed and may fail later, disputes that take the money and may give it back.
import { type Hash, hashesAt, numberAt, textAt } from './json.ts'
import type { Change, StripeAccount } from './stripe-account.ts'

export interface RefundOptions {
  /** Minor units; default all that is not refunded yet. */
  readonly amount?: number
  /** Default `succeeded`. */
  readonly status?: 'succeeded' | 'pending' | 'requires_action'
  readonly reason?: string
}

/** Refunds a charge, in whole or in part. The change's id is the refund's. */
export const refundCharge = (
  account: StripeAccount,
  chargeId: string,
  options: RefundOptions = {},
): Change => {
  const charge = account.get('charge', chargeId)
  const before = numberAt(charge, 'amount_refunded')
  const { amount = numberAt(charge, 'amount') - before, status = 'succeeded', reason = null } = options
  const { currency = 'usd', customer = null, payment_intent = null } = charge
  const fields = { amount, charge: chargeId, currency, customer, payment_intent, reason, status }
  const refund = account.create('refund', {
    ...fields,
    balance_transaction: account.seed('balance_transaction', moneyOut(amount, currency, 'refund')),
  })
  const refunded = account.update('charge', chargeId, refundedFields(charge, before + amount))
  return { id: refund.id, events: [...refund.events, ...refunded.events] }
}

/** Lets a refund fail, even one that had succeeded: the bank sent the money back. */
export const failRefund = (account: StripeAccount, refundId: string): Change => {
  const refund = account.get('refund', refundId)
  const chargeId = textAt(refund, 'charge') ?? ''
  const failed = account.update('refund', refundId, {
    status: 'failed',
    failure_reason: 'expired_or_canceled_card',
  })
  const charge = account.get('charge', chargeId)
  const left = numberAt(charge, 'amount_refunded') - numberAt(refund, 'amount')
  const lowered = account.update('charge', chargeId, refundedFields(charge, left))
  return { id: refundId, events: [...failed.events, ...lowered.events] }
}

/** Opens a dispute over a whole charge and withdraws the money. The change's id is the dispute's. */
export const disputeCharge = (account: StripeAccount, chargeId: string, fields: Hash = {}): Change => {
  const charge = account.get('charge', chargeId)
  const { amount = 0, currency = 'usd', payment_intent = null } = charge
  const dispute = account.create('dispute', { amount, charge: chargeId, currency, payment_intent, ...fields })
  const marked = account.update('charge', chargeId, { disputed: true })
  const funds = moveFunds(account, dispute.id, -numberAt(charge, 'amount'))
  return { id: dispute.id, events: [...dispute.events, ...marked.events, ...funds.events] }
}

/** Closes a dispute; a won one gives the money back. */
export const closeDispute = (account: StripeAccount, disputeId: string, status: 'won' | 'lost'): Change => {
  const closed = account.update('dispute', disputeId, { status })
  if (status === 'lost') return closed
  const funds = moveFunds(account, disputeId, numberAt(account.get('dispute', disputeId), 'amount'))
  return { id: disputeId, events: [...closed.events, ...funds.events] }
}

const refundedFields = ({ amount = 0 }: Hash, amountRefunded: number): Hash => ({
  amount_refunded: amountRefunded,
  refunded: amountRefunded >= Number(amount),
})

const moneyOut = (amount: number, currency: Hash[string], type: string): Hash => ({
  amount: -amount,
  currency,
  fee: 0,
  fee_details: [],
  net: -amount,
  reporting_category: type,
  type,
})

const moveFunds = (account: StripeAccount, disputeId: string, amount: number): Change => {
  const dispute = account.get('dispute', disputeId)
  const { currency = 'usd' } = dispute
  const transaction = account.seed('balance_transaction', {
    ...moneyOut(-amount, currency, 'adjustment'),
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: disputeId,
  })
  const moved = account.get('balance_transaction', transaction)
  return account.update(
    'dispute',
    disputeId,
    { balance_transactions: [...hashesAt(dispute, 'balance_transactions'), moved] },
    { types: [amount < 0 ? 'charge.dispute.funds_withdrawn' : 'charge.dispute.funds_reinstated'] },
  )
}
