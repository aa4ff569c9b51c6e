// What belongs to a retrieved object and is not in it: since basil a charge does not name its invoice, nor an
// invoice its charges; invoice payments tie them (https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices).

import { type Json, type JsonObject, own, ownNumber, ownObject, ownString } from '../../core/json.ts'
import { isIdentified, observeRead, type ReadStamp } from '../../core/normalise.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { Observation } from '../../core/observation.ts'
import type { AccountClient } from './account-client.ts'
import { paymentsOfIntent, refundsOfCharge, retrieveObject } from './retrievals.ts'
import { permitted } from './stripe-failure.ts'

export interface Relatives {
  readonly observations: readonly Observation[]
  readonly expanded: JsonObject
}

interface Read {
  readonly object: JsonObject & { readonly id: string }
  readonly stamp: ReadStamp
}

const none: Relatives = { observations: [], expanded: {} }

/** Returns the relatives of a retrieved object. Throws as `retrieveObject` does, but for what the key may not read. */
export const observeRelatives = async (
  client: AccountClient,
  kind: ObjectKind,
  read: Read,
): Promise<Relatives> => {
  if (kind === 'charge') return observeAroundCharge(client, read)
  if (kind === 'invoice')
    return {
      ...none,
      observations: observePayments(own(ownObject(read.object, 'payments'), 'data'), read.stamp),
    }
  return none
}

const observeAroundCharge = async (client: AccountClient, { object, stamp }: Read): Promise<Relatives> => {
  const intent = ownString(object, 'payment_intent') ?? ownString(ownObject(object, 'payment_intent'), 'id')
  const payments =
    intent === null
      ? []
      : await permitted(() => paymentsOfIntent(client, intent), {
          what: 'the invoice payments of the charge',
          otherwise: [],
        })
  const invoice =
    payments.map((payment) => ownObject(payment, 'invoice')).find((found) => found !== null) ?? null
  const refunded = (ownNumber(object, 'amount_refunded') ?? 0) > 0
  const refunds = refunded
    ? await permitted(() => refundsOfCharge(client, object.id), {
        what: 'the refunds of the charge',
        otherwise: [],
      })
    : []
  return {
    observations: [
      ...observePayments(payments, stamp),
      ...refunds.filter(isIdentified).map((refund) => observeRead('refund', refund, stamp)),
    ],
    expanded: invoice === null ? {} : { invoice, ...(await subscriptionOf(client, invoice)) },
  }
}

const subscriptionOf = async (client: AccountClient, invoice: JsonObject): Promise<JsonObject> => {
  const id = ownString(ownObject(ownObject(invoice, 'parent'), 'subscription_details'), 'subscription')
  if (id === null) return {}
  const answer = await permitted(() => retrieveObject(client, 'subscription', id), {
    what: 'the subscription of the invoice',
    otherwise: null,
  })
  return answer === null ? {} : { subscription: answer.object }
}

/** Returns the observations of invoice payments, such as those that an invoice carries. */
export const observePayments = (payments: Json | undefined, stamp: ReadStamp): readonly Observation[] =>
  Array.isArray(payments)
    ? payments.filter(isIdentified).map((payment) => observeRead('invoice_payment', payment, stamp))
    : []
