// One object in the shape of one generation of versions: the fields that moved (stripe's basil changelog), nothing
// expanded yet, sub-lists cut at ten as Stripe cuts them.
import type { Generation } from './api-version.ts'
import { type Hash, hashAt, numberAt, own, textAt, without } from './json.ts'
import { oldLine, oldSubscriptionItem } from './line-shapes.ts'
import { type ObjectType, rowOf } from './object-types.ts'
import type { StoredObject } from './stored-object.ts'

/** Stripe embeds at most this many entries of a list in an object. */
export const EMBEDDED_ENTRIES = 10

/** Returns the object as this generation renders it; top-level fields are its own, deeper ones are shared. */
export const shapeOf = (object: StoredObject, generation: Generation): Hash => {
  const { carries } = rowOf(object.type)
  const content =
    carries === undefined
      ? object.content
      : {
          ...object.content,
          [carries.list]: embedded(object.parts, generation, urlOfParts(object)),
        }
  if (generation === 'basil') return content
  return OLD_SHAPES[object.type]?.(content, object) ?? content
}

/** Returns what is left of a deleted object. */
export const stubOf = ({ id, type }: StoredObject): Hash => ({ id, object: type, deleted: true })

/** Returns the beginning of a list of objects, as it lies inside another object. */
export const embedded = (objects: readonly StoredObject[], generation: Generation, url: string): Hash => ({
  object: 'list',
  data: objects.slice(0, EMBEDDED_ENTRIES).map((object) => shapeOf(object, generation)),
  has_more: objects.length > EMBEDDED_ENTRIES,
  url,
})

const urlOfParts = ({ type, id }: StoredObject): string =>
  type === 'invoice' ? `/v1/invoices/${id}/lines` : `/v1/subscription_items?subscription=${id}`

const oldInvoice = (content: Hash, { old }: StoredObject): Hash => {
  const details = hashAt(content, 'parent.subscription_details')
  const subscription = own(details, 'subscription') ?? null
  return {
    ...without(content, ['parent', 'total_taxes', 'amount_overpaid', 'customer_account']),
    application_fee_amount: null,
    charge: null,
    discount: null,
    paid: own(content, 'status') === 'paid',
    paid_out_of_band: false,
    payment_intent: null,
    quote: textAt(content, 'parent.quote_details.quote'),
    subscription,
    subscription_details: subscription === null ? null : { metadata: own(details, 'metadata') ?? null },
    tax: null,
    total_tax_amounts: [],
    transfer_data: null,
    ...old,
  }
}

const oldSubscription = (content: Hash, { old, parts }: StoredObject): Hash => ({
  ...without(content, ['billing_mode', 'customer_account']),
  current_period_end: Math.max(0, ...parts.map((item) => numberAt(item.content, 'current_period_end'))),
  current_period_start:
    parts.length === 0 ? 0 : Math.min(...parts.map((item) => numberAt(item.content, 'current_period_start'))),
  discount: null,
  ...old,
})

const OLD_SHAPES: Readonly<Partial<Record<ObjectType, (content: Hash, object: StoredObject) => Hash>>> = {
  charge: (content, { old }) => ({ ...content, invoice: null, ...old }),
  invoice: oldInvoice,
  line_item: oldLine,
  payment_intent: (content, { old }) => ({
    ...without(content, ['customer_account']),
    invoice: null,
    ...old,
  }),
  refund: (content) => without(content, ['customer', 'customer_account', 'payment_method']),
  subscription: oldSubscription,
  subscription_item: oldSubscriptionItem,
}
