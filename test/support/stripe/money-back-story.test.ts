import { expect, test } from 'vitest'
import { CLASSIC } from './api-version.ts'
import { eventPayload } from './event-record.ts'
import { closeDispute, disputeCharge, failRefund, refundCharge } from './money-back-story.ts'
import { World } from './world.ts'

const newAccount = () => new World().account('acct_1')
const typesOf = ({ events }: { readonly events: readonly { readonly type: string }[] }): string[] =>
  events.map(({ type }) => type)

test('refunds run up to the whole charge', () => {
  const account = newAccount()
  const charge = account.seed('charge', { amount: 1000 })
  const part = refundCharge(account, charge, { amount: 300, reason: 'duplicate' })
  expect(typesOf(part)).toEqual(['refund.created', 'charge.refunded'])
  expect(account.get('refund', part.id)).toMatchObject({ amount: 300, charge, reason: 'duplicate' })
  expect(account.get('charge', charge)).toMatchObject({ amount_refunded: 300, refunded: false })
  refundCharge(account, charge)
  expect(account.get('charge', charge)).toMatchObject({ amount_refunded: 1000, refunded: true })
})

test('charge.refunded tells the former total, and in old versions its refunds', () => {
  const account = newAccount()
  const refund = refundCharge(account, account.seed('charge'), { amount: 300 })
  const refunded = refund.events.find(({ type }) => type === 'charge.refunded')
  const payload = refunded && eventPayload(refunded, { apiVersion: CLASSIC })
  expect(payload).toMatchObject({
    data: { object: { refunds: { data: [{ id: refund.id }] } }, previous_attributes: { amount_refunded: 0 } },
  })
})

test('a refund that fails lowers the total again', () => {
  const account = newAccount()
  const charge = account.seed('charge')
  const { id } = refundCharge(account, charge)
  expect(typesOf(failRefund(account, id))).toEqual(['refund.updated', 'refund.failed', 'charge.updated'])
  expect(account.get('charge', charge)).toMatchObject({ amount_refunded: 0, refunded: false })
})

test('a dispute takes the money and gives it back when won', () => {
  const account = newAccount()
  const charge = account.seed('charge', { amount: 500 })
  const opened = disputeCharge(account, charge)
  expect(typesOf(opened)).toEqual([
    'charge.dispute.created',
    'charge.updated',
    'charge.dispute.funds_withdrawn',
  ])
  expect(account.get('charge', charge).disputed).toBe(true)
  const won = closeDispute(account, opened.id, 'won')
  expect(typesOf(won)).toEqual(['charge.dispute.closed', 'charge.dispute.funds_reinstated'])
  expect(account.get('dispute', opened.id)).toMatchObject({
    status: 'won',
    balance_transactions: [{ amount: -500 }, { amount: 500 }],
  })
  const lost = disputeCharge(account, account.seed('charge'))
  expect(typesOf(closeDispute(account, lost.id, 'lost'))).toEqual(['charge.dispute.closed'])
})
