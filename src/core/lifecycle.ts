// How far along its life an observed object is: the second arbiter, after the chain of `previous_attributes`,
// between events of one second. Statuses that Stripe lets an object leave and re-enter share a rank.

import { type JsonObject, ownString } from './json.ts'
import type { ObjectKind } from './object-kinds.ts'

// Stripe's own pages: https://docs.stripe.com/invoicing/overview#invoice-statuses,
// https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses,
// https://docs.stripe.com/refunds#failed-refunds (succeeded → failed), https://docs.stripe.com/disputes/how-disputes-work.
const statusRanks: Readonly<Record<ObjectKind, Readonly<Record<string, number>>>> = {
  charge: { pending: 1, succeeded: 2, failed: 2 },
  invoice: { draft: 1, open: 2, uncollectible: 3, paid: 4, void: 4 },
  subscription: {
    incomplete: 1,
    trialing: 2,
    active: 3,
    past_due: 3,
    unpaid: 3,
    paused: 3,
    canceled: 4,
    incomplete_expired: 4,
  },
  refund: { pending: 1, requires_action: 1, succeeded: 2, failed: 3, canceled: 3 },
  dispute: {
    warning_needs_response: 1,
    warning_under_review: 2,
    warning_closed: 3,
    needs_response: 4,
    under_review: 5,
    won: 6,
    lost: 6,
    prevented: 6,
    appeal_needs_response: 7,
    appeal_under_review: 8,
  },
  invoice_payment: { open: 1, paid: 2, canceled: 2 },
  // These have no status.
  customer: {},
  product: {},
}

/** Ranks of an event by its verb: an object is created before anything else happens to it, and deleted last. */
const createdRank = 0
const changedRank = 100
const deletedRank = 200

/** Returns the rank of one observation: a greater rank is later in the object's life. */
export const lifecycleRank = (
  kind: ObjectKind,
  content: JsonObject | null,
  verb: { readonly creates: boolean; readonly deletes: boolean },
): number => {
  if (verb.deletes) return deletedRank
  const status = ownString(content, 'status')
  const ranks = statusRanks[kind]
  const statusRank = status !== null && Object.hasOwn(ranks, status) ? (ranks[status] ?? 0) : 0
  return (verb.creates ? createdRank : changedRank) + statusRank
}
