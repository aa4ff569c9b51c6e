// Random lives of a played account with everything that is mirrored, drawn as small steps.

import fc from 'fast-check'
import { finalizeInvoice, renewSubscription } from './stripe/billing-story.ts'
import type { EventRecord } from './stripe/event-record.ts'
import { ImpossibleInStripe } from './stripe/impossible-in-stripe.ts'
import { closeDispute, disputeCharge, failRefund, refundCharge } from './stripe/money-back-story.ts'
import type { ObjectType } from './stripe/object-types.ts'
import { payInvoice } from './stripe/payment-story.ts'
import type { StripeAccount } from './stripe/stripe-account.ts'

type Act = (account: StripeAccount, pick: number) => unknown

// Somebody has to be there: an object with an empty link is nothing that Stripe would ever send.
const nth = (account: StripeAccount, type: ObjectType, pick: number): string => {
  const ids = account.ids(type)
  const id = ids[pick % ids.length]
  if (id === undefined) throw new ImpossibleInStripe(`There is no ${type}`)
  return id
}

const deletable = ['customer', 'product', 'invoice'] as const

const acts = {
  customer: (account, pick) =>
    account.create('customer', { name: `Customer ${pick}`, email: `c${pick}@example.com` }),
  rename: (account, pick) =>
    account.update('customer', nth(account, 'customer', pick), { name: `Renamed ${pick % 3}` }),
  subscribe: (account, pick) =>
    account.create('subscription', { customer: nth(account, 'customer', pick), metadata: { plan: 'basic' } }),
  plan: (account, pick) =>
    account.update('subscription', nth(account, 'subscription', pick), {
      metadata: { plan: `plan ${pick % 3}` },
    }),
  cancel: (account, pick) => account.cancel(nth(account, 'subscription', pick)),
  renew: (account, pick) => {
    const id = nth(account, 'subscription', pick)
    if (account.get('subscription', id).status !== 'canceled') renewSubscription(account, id)
  },
  finalize: (account, pick) => finalizeInvoice(account, nth(account, 'invoice', pick)),
  pay: (account, pick) => payInvoice(account, nth(account, 'invoice', pick)),
  decline: (account, pick) => payInvoice(account, nth(account, 'invoice', pick), { outcome: 'failed' }),
  tag: (account, pick) =>
    account.update('charge', nth(account, 'charge', pick), { metadata: { note: `n${pick % 3}` } }),
  refund: (account, pick) => refundCharge(account, nth(account, 'charge', pick), { amount: 1 + pick }),
  fail: (account, pick) => failRefund(account, nth(account, 'refund', pick)),
  dispute: (account, pick) => disputeCharge(account, nth(account, 'charge', pick)),
  close: (account, pick) =>
    closeDispute(account, nth(account, 'dispute', pick), pick % 2 === 0 ? 'won' : 'lost'),
  product: (account, pick) => account.create('product', { name: `Plan ${pick}` }),
  archive: (account, pick) =>
    account.update('product', nth(account, 'product', pick), { active: pick % 2 === 0 }),
  delete: (account, pick) => {
    const type = deletable[pick % deletable.length] ?? 'customer'
    account.delete(type, nth(account, type, pick))
  },
  twin: (account, pick) => {
    const event = account.events[pick % Math.max(1, account.events.length)]
    if (event !== undefined) account.twin(event)
  },
  second: () => undefined,
} satisfies Readonly<Record<string, Act>>

type Verb = keyof typeof acts

/** One thing that happens at Stripe; the number chooses among the objects there are. */
export interface Step {
  readonly verb: Verb
  readonly pick: number
}

/** Verbs that many others need come more often. */
const usual = ['subscribe', 'renew', 'finalize', 'pay', 'pay', 'refund', 'dispute', 'second'] as const
const verbs = [...(Object.keys(acts) as Verb[]), ...usual] // exactly the keys of `acts`

/** Random lives, each beginning with a customer who subscribed. */
export const lives: fc.Arbitrary<readonly Step[]> = fc
  .array(fc.record({ verb: fc.constantFrom(...verbs), pick: fc.nat(20) }), { minLength: 6, maxLength: 30 })
  .map((steps) => [
    { verb: 'customer', pick: 0 },
    { verb: 'subscribe', pick: 0 },
    { verb: 'renew', pick: 0 },
    ...steps,
  ])

/** What surely deletes something: one random life in two or three does, so that now and then none of some thirty did. */
export const deletion: readonly Step[] = [
  { verb: 'product', pick: 0 },
  { verb: 'delete', pick: deletable.indexOf('product') },
]

/** Lets the steps happen; what can't (paying a paid invoice, renaming nobody) does not. */
export const live = (account: StripeAccount, steps: readonly Step[], onSecond: () => void): void => {
  for (const { verb, pick } of steps) {
    if (verb === 'second') onSecond()
    try {
      acts[verb](account, pick)
    } catch (error) {
      if (!(error instanceof ImpossibleInStripe)) throw error
    }
  }
}

/** Numbers that decide an order. */
export const orders: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(1000), {
  minLength: 5,
  maxLength: 40,
})

/** Returns events in any order, some of them twice. */
export const shuffled = (events: readonly EventRecord[], keys: readonly number[]): readonly EventRecord[] =>
  [...events, ...events.filter((_, index) => (keys[index % keys.length] ?? 0) % 3 === 0)]
    .map((event, index) => ({ event, key: keys[(index * 7) % keys.length] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ event }) => event)
