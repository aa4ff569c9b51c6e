// What happens to subscriptions: their metadata is what invoices and charges inherit, so it changes often.
import {
  chosen,
  editedMetadata,
  firstMetadata,
  type Operation,
  onOneOf,
  returns,
  updateAndMaybeReturn,
} from './operation.ts'
import { hashAt, hashesAt, type Json, numberAt } from './plain-json.ts'

const MOST_SUBSCRIPTIONS = 2
const MONTH = 30 * 24 * 60 * 60

/** Where a subscription may go from each status; what is missing here is the end. */
const NEXT_STATUSES: Readonly<Record<string, readonly string[]>> = {
  incomplete: ['active', 'incomplete_expired'],
  trialing: ['active', 'past_due'],
  active: ['past_due', 'paused'],
  past_due: ['active', 'unpaid'],
  unpaid: ['active'],
  paused: ['active'],
}

const createSubscription: Operation = (account, { pick, value }) => {
  const number = account.of('subscriptions').length + 1
  const customer = chosen(account.of('customers'), pick)
  if (number > MOST_SUBSCRIPTIONS || customer === undefined) return false
  const start = account.world.clock
  const item = (index: number): Json => ({
    id: `si_${number}_${index}`,
    object: 'subscription_item',
    current_period_start: start + index * 5,
    current_period_end: start + MONTH + index * 7,
    price: { id: `price_${index}`, object: 'price', unit_amount: 500 },
    quantity: 1,
    subscription: `sub_${number}`,
  })
  const data = value % 3 === 0 ? [item(0), item(1)] : [item(0)]
  const subscription = account.create('subscriptions', {
    cancel_at_period_end: false,
    canceled_at: null,
    collection_method: 'charge_automatically',
    currency: 'usd',
    customer: customer.id,
    ended_at: null,
    items: { object: 'list', data, has_more: false, total_count: data.length, url: '/v1/subscription_items' },
    latest_invoice: null,
    metadata: firstMetadata(value),
    start_date: start,
    status: chosen(['incomplete', 'trialing', 'active'], value),
  })
  account.announce(subscription, 'customer.subscription.created')
  return true
}

const editMetadata = onOneOf(
  (account) => account.of('subscriptions'),
  (account, subscription, { value }) => {
    const patch = { metadata: editedMetadata(subscription.facts, value) }
    updateAndMaybeReturn(account, subscription, { patch, times: returns(value) })
  },
)

const moveOn = onOneOf(
  (account) => account.living('subscriptions', (facts) => String(facts.status) in NEXT_STATUSES),
  (account, subscription, { value }) => {
    const status = chosen(NEXT_STATUSES[String(subscription.facts.status)] ?? [], value)
    account.update(subscription, { status })
    if (status === 'paused' && value % 4 === 1) account.announce(subscription, 'customer.subscription.paused')
  },
)

const renew = onOneOf(
  (account) => account.living('subscriptions', (facts) => facts.status === 'active'),
  (account, subscription) => {
    const items = hashAt(subscription.facts, 'items')
    const data = hashesAt(items, 'data').map((item) => ({
      ...item,
      current_period_start: numberAt(item, 'current_period_end'),
      current_period_end: numberAt(item, 'current_period_end') + MONTH,
    }))
    account.update(subscription, { items: { ...items, data } })
  },
)

const changeQuantity = onOneOf(
  (account) => account.living('subscriptions', (facts) => facts.ended_at === null),
  (account, subscription, { value }) => {
    const items = hashAt(subscription.facts, 'items')
    const data = hashesAt(items, 'data').map((item) => ({ ...item, quantity: 1 + (value % 3) }))
    const patch = { items: { ...items, data }, cancel_at_period_end: value % 4 === 0 }
    updateAndMaybeReturn(account, subscription, { patch, times: returns(value) })
  },
)

const end = onOneOf(
  (account) => account.living('subscriptions', (facts) => facts.ended_at === null),
  (account, subscription) => {
    const now = account.world.clock
    const patch = { status: 'canceled', canceled_at: now, ended_at: now }
    account.announce(subscription, 'customer.subscription.deleted', patch)
    // What still changes on an ended subscription is told later, so that no rule of order has to tell it from its end.
    account.tick(1)
  },
)

/** What happens to subscriptions, each as often as it is listed. */
export const SUBSCRIPTION_OPERATIONS: readonly Operation[] = [
  createSubscription,
  createSubscription,
  editMetadata,
  editMetadata,
  editMetadata,
  moveOn,
  renew,
  changeQuantity,
  end,
]
