// Reads of single objects from the played Stripe, without a pipeline around them.

import { defaultSettings } from '../../src/core/account.ts'
import type { OpenAccount, ReadRequest, ReadResult } from '../../src/ports/pipeline-store.ts'
import type { ObjectReaderOptions } from '../../src/sources/stripe/object-reader.ts'
import { readerOf } from './reading-pipeline.ts'
import { renewSubscription } from './stripe/billing-story.ts'
import { payInvoice } from './stripe/payment-story.ts'
import { type PlayedStripe, playStripe } from './stripe/played-stripe.ts'

const reader = {
  byDocumentIds: async () => [],
  byField: async () => [],
  idsByField: async () => [],
  currency: async () => null,
}
const opened: OpenAccount = {
  settings: defaultSettings('acct_1'),
  seq: 7,
  connection: null,
  parked: false,
  unfinished: [],
  contactsDue: null,
  reader,
}

/** Reads one object of `acct_1`, which nobody has read before. */
export const read = async (
  { server }: PlayedStripe,
  request: Omit<ReadRequest, 'afterSecond'> & { readonly afterSecond?: number },
  options: Partial<ObjectReaderOptions> = {},
): Promise<ReadResult | undefined> => {
  const results = await readerOf(server, options)(opened, [{ afterSecond: 0, ...request }])
  return results.get(`${request.kind}:${request.id}`)
}

/** What a read observed; nothing where it did not see the object. */
export const observations = (result: ReadResult | undefined) =>
  result?.kind === 'seen' ? result.observations : []

/** An account with one paid invoice of a subscription, a minute ago: reads of now are later than its events. */
export const paidLife = async () => {
  const played = await playStripe()
  played.world.clock.set(Math.floor(Date.now() / 1000) - 60)
  const account = played.world.account('acct_1')
  const customer = account.create('customer', { email: 'ann@example.com' }).id
  const subscription = account.create('subscription', { customer, metadata: { plan: 'pro' } }).id
  const invoice = renewSubscription(account, subscription).id
  const payment = payInvoice(account, invoice)
  return { ...played, account, customer, subscription, invoice, charge: payment.chargeId ?? '' }
}
