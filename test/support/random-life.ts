// Random lives of a played account, for properties about what comes of their events and lists.

import fc from 'fast-check'
import { finalizeInvoice, renewSubscription } from './stripe/billing-story.ts'
import { ImpossibleInStripe } from './stripe/impossible-in-stripe.ts'
import { payInvoice } from './stripe/payment-story.ts'
import type { StripeAccount } from './stripe/stripe-account.ts'

/** One thing that happens at Stripe; numbers choose among the objects there are. */
export interface Step {
  readonly verb:
    | 'customer'
    | 'rename'
    | 'subscribe'
    | 'plan'
    | 'renew'
    | 'finalize'
    | 'pay'
    | 'tag'
    | 'delete'
    | 'second'
  readonly pick: number
}

const verbs = [
  'customer',
  'rename',
  'subscribe',
  'plan',
  'renew',
  'finalize',
  'pay',
  'tag',
  'delete',
  'second',
] as const
/** Random lives of some dozen steps. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({ verb: fc.constantFrom(...verbs), pick: fc.nat(20) }),
  { minLength: 8, maxLength: 30 },
)

const nth = (ids: readonly string[], pick: number): string => ids[pick % ids.length] ?? ''

const act = (account: StripeAccount, { verb, pick }: Step): void => {
  const [customers, subscriptions, invoices, charges] = (
    ['customer', 'subscription', 'invoice', 'charge'] as const
  ).map((type) => account.ids(type)) as [string[], string[], string[], string[]]
  if (verb === 'customer')
    account.create('customer', { name: `Customer ${pick}`, email: `c${pick}@example.com` })
  else if (verb === 'rename')
    account.update('customer', nth(customers, pick), { name: `Renamed ${pick % 3}` })
  else if (verb === 'subscribe')
    account.create('subscription', { customer: nth(customers, pick), metadata: { plan: 'basic' } })
  else if (verb === 'plan')
    account.update('subscription', nth(subscriptions, pick), { metadata: { plan: `plan ${pick % 3}` } })
  else if (verb === 'renew') renewSubscription(account, nth(subscriptions, pick))
  else if (verb === 'finalize') finalizeInvoice(account, nth(invoices, pick))
  else if (verb === 'pay') payInvoice(account, nth(invoices, pick))
  else if (verb === 'tag')
    account.update('charge', nth(charges, pick), { metadata: { note: `n${pick % 3}` } })
  else if (verb === 'delete') account.delete('customer', nth(customers, pick))
}

/** Lets a life happen; what can't (paying a paid invoice, renaming nobody) does not. */
export const live = (account: StripeAccount, advance: () => void, history: readonly Step[]): void => {
  for (const step of history) {
    if (step.verb === 'second') advance()
    try {
      act(account, step)
    } catch (error) {
      if (!(error instanceof ImpossibleInStripe)) throw error
    }
  }
}
