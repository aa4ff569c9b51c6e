// What each list can be filtered by besides `created`, and what it leaves out unless asked: one table.
import { badParameter } from './api-error.ts'
import { hashAt, own, textAt, valueAt } from './json.ts'
import type { ObjectType } from './object-types.ts'
import { booleanParam, rangeParam, textParam, textsParam, wordParam } from './param-checks.ts'
import { isParams, type Param, type Params } from './query-string.ts'
import type { StoredObject } from './stored-object.ts'

/** Tells whether a list has the object. */
export type Predicate = (object: StoredObject) => boolean

interface Filter {
  /** Path of a link to look objects up by, instead of going through all of them. */
  readonly link?: string
  readonly predicate: (name: string, value: Param) => Predicate
}

interface ListRow {
  readonly filters: Readonly<Record<string, Filter>>
  /** What is not listed, given the parameters that there are. */
  readonly hides?: (params: Params) => Predicate
}

/** How to get at the objects of one list. */
export interface Selection {
  /** A link that all of them have; null when the whole table has to be gone through. */
  readonly by: { readonly link: string; readonly value: string } | null
  readonly matches: Predicate
}

/** Names of all parameters that any list takes. */
const COMMON = ['limit', 'starting_after', 'ending_before', 'expand', 'created']

/** Returns which objects the parameters ask for; throws ApiError for those that the list does not know. */
export const selectionOf = (type: ObjectType, params: Params): Selection => {
  const row = LISTS[type] ?? { filters: {} }
  let by: Selection['by'] = null
  const predicates: Predicate[] = []
  for (const [name, value] of Object.entries(params)) {
    const filter = Object.hasOwn(row.filters, name) ? row.filters[name] : undefined
    if (filter !== undefined) {
      predicates.push(filter.predicate(name, value))
      if (filter.link !== undefined && by === null) by = { link: filter.link, value: textParam(name, value) }
    } else if (!COMMON.includes(name)) {
      throw badParameter(name, `Received unknown parameter: ${name}`, 'parameter_unknown')
    }
  }
  const hidden = row.hides?.(params)
  if (hidden !== undefined) predicates.push((object) => !hidden(object))
  return { by, matches: (object) => predicates.every((predicate) => predicate(object)) }
}

const equals = (path: string): Filter['predicate'] => {
  return (name, value) => {
    const text = textParam(name, value)
    return ({ content }) => valueAt(content, path) === text
  }
}
const text = (path: string): Filter => ({ predicate: equals(path) })
const link = (path: string): Filter => ({ link: path, predicate: equals(path) })
const word = (path: string, ...words: readonly string[]): Filter => ({
  predicate: (name, value) => {
    const asked = wordParam(name, value, words)
    return ({ content }) => valueAt(content, path) === asked
  },
})
const flag = (path: string): Filter => ({
  predicate: (name, value) => {
    const asked = booleanParam(name, value)
    return ({ content }) => (valueAt(content, path) ?? false) === asked
  },
})
const anyOf = (path: string): Filter => ({
  predicate: (name, value) => {
    const asked = textsParam(name, value)
    return ({ content }) => asked.includes(textAt(content, path) ?? '')
  },
})
const range = (path: string): Filter => ({
  predicate: (name, value) => {
    const { from, to } = rangeParam(name, value)
    return ({ content }) => {
      const number = valueAt(content, path)
      return typeof number === 'number' && number >= from && number < to
    }
  },
})
const ofAnyItem = (matches: (item: StoredObject, asked: string) => boolean): Filter => ({
  predicate: (name, value) => {
    const asked = textParam(name, value)
    return ({ parts }) => parts.some((item) => matches(item, asked))
  },
})
const itemRange = (field: string): Filter => ({
  predicate: (name, value) => {
    const { predicate } = range(field)
    const matches = predicate(name, value)
    return ({ parts }) => parts.some(matches)
  },
})
/** Words inside a hash, such as `recurring[interval]=month`. */
const within = (path: string, ...names: readonly string[]): Filter => ({
  predicate: (name, value) => {
    if (!isParams(value)) throw badParameter(name, 'Invalid object')
    const unknown = Object.keys(value).find((key) => !names.includes(key))
    if (unknown !== undefined) {
      throw badParameter(
        `${name}[${unknown}]`,
        `Received unknown parameter: ${name}[${unknown}]`,
        'parameter_unknown',
      )
    }
    return ({ content }) =>
      Object.entries(value).every(([key, asked]) => String(own(hashAt(content, path), key)) === asked)
  },
})

const ENDED: readonly unknown[] = ['canceled', 'incomplete_expired']
const SUBSCRIPTION_STATUSES = [
  ...['active', 'all', 'canceled', 'ended', 'incomplete', 'incomplete_expired'],
  ...['past_due', 'paused', 'trialing', 'unpaid'],
]
const subscriptionStatus: Filter = {
  predicate: (name, value) => {
    const asked = wordParam(name, value, SUBSCRIPTION_STATUSES)
    if (asked === 'all') return () => true
    return ({ content: { status } }) => (asked === 'ended' ? ENDED.includes(status) : status === asked)
  },
}

/** Payments of invoices are asked for by the type of payment, and then by its id. */
const payment: Filter = {
  predicate: (name, value) => {
    if (!isParams(value) || value.type === undefined) {
      throw badParameter(`${name}[type]`, `Missing required param: ${name}[type].`, 'parameter_missing')
    }
    wordParam(`${name}[type]`, value.type, ['payment_intent', 'payment_record'])
    return within('payment', 'type', 'payment_intent', 'payment_record').predicate(name, value)
  },
}

const isOnTestClock: Predicate = ({ content }) => typeof content.test_clock === 'string'
const byTestClock =
  (...unless: readonly string[]): ((params: Params) => Predicate) =>
  (params) =>
    unless.some((name) => params[name] !== undefined) ? () => false : isOnTestClock

const LISTS: Readonly<Partial<Record<ObjectType, ListRow>>> = {
  balance_transaction: {
    filters: { currency: text('currency'), source: link('source'), type: text('type') },
  },
  charge: {
    filters: {
      customer: link('customer'),
      payment_intent: link('payment_intent'),
      transfer_group: text('transfer_group'),
    },
  },
  customer: {
    filters: { email: link('email'), test_clock: text('test_clock') },
    hides: byTestClock('test_clock'),
  },
  dispute: { filters: { charge: link('charge'), payment_intent: link('payment_intent') } },
  invoice: {
    filters: {
      collection_method: word('collection_method', 'charge_automatically', 'send_invoice'),
      customer: link('customer'),
      customer_account: text('customer_account'),
      due_date: range('due_date'),
      status: word('status', 'draft', 'open', 'paid', 'uncollectible', 'void'),
      subscription: link('parent.subscription_details.subscription'),
    },
  },
  invoice_payment: {
    filters: { invoice: link('invoice'), payment, status: word('status', 'canceled', 'open', 'paid') },
  },
  payment_intent: { filters: { customer: link('customer'), customer_account: text('customer_account') } },
  price: {
    filters: {
      active: flag('active'),
      currency: text('currency'),
      lookup_keys: anyOf('lookup_key'),
      product: link('product'),
      recurring: within('recurring', 'interval', 'meter', 'usage_type'),
      type: word('type', 'one_time', 'recurring'),
    },
  },
  product: {
    filters: {
      active: flag('active'),
      ids: anyOf('id'),
      shippable: flag('shippable'),
      type: word('type', 'good', 'service'),
      url: text('url'),
    },
  },
  refund: { filters: { charge: link('charge'), payment_intent: link('payment_intent') } },
  subscription: {
    filters: {
      automatic_tax: within('automatic_tax', 'enabled'),
      collection_method: word('collection_method', 'charge_automatically', 'send_invoice'),
      current_period_end: itemRange('current_period_end'),
      current_period_start: itemRange('current_period_start'),
      customer: link('customer'),
      customer_account: text('customer_account'),
      plan: ofAnyItem(({ content }, asked) => textAt(content, 'plan.id') === asked),
      price: ofAnyItem(({ content }, asked) => textAt(content, 'price.id') === asked),
      status: subscriptionStatus,
      test_clock: text('test_clock'),
    },
    hides: (params) => {
      const onTestClock = byTestClock('test_clock', 'customer')(params)
      const canceled: Predicate = ({ content }) =>
        params.status === undefined && content.status === 'canceled'
      return (object) => onTestClock(object) || canceled(object)
    },
  },
}
