// What an object has before a test says anything: the table of templates, and what all of them share.
import {
  invoicePaymentTemplate,
  invoiceTemplate,
  lineItemTemplate,
  subscriptionItemTemplate,
  subscriptionTemplate,
} from './billing-templates.ts'
import { accountTemplate, customerTemplate, priceTemplate, productTemplate } from './catalog-templates.ts'
import type { Hash } from './json.ts'
import { type ObjectType, rowOf } from './object-types.ts'
import {
  balanceTransactionTemplate,
  chargeTemplate,
  disputeTemplate,
  paymentIntentTemplate,
  refundTemplate,
} from './payment-templates.ts'

/** What a template is told of the object it makes. */
export interface TemplateFacts {
  readonly id: string
  readonly created: number
  readonly livemode: boolean
  readonly accountId: string
  /** What the test asks for: amounts that follow from others are worked out from it. */
  readonly given: Hash
}

const TEMPLATES: Readonly<Record<ObjectType, (facts: TemplateFacts) => Hash>> = {
  account: accountTemplate,
  balance_transaction: balanceTransactionTemplate,
  charge: chargeTemplate,
  customer: customerTemplate,
  dispute: disputeTemplate,
  invoice: invoiceTemplate,
  invoice_payment: invoicePaymentTemplate,
  line_item: lineItemTemplate,
  payment_intent: paymentIntentTemplate,
  price: priceTemplate,
  product: productTemplate,
  refund: refundTemplate,
  subscription: subscriptionTemplate,
  subscription_item: subscriptionItemTemplate,
}

/** Types whose objects say in no field when they were made. */
const WITHOUT_CREATED: readonly ObjectType[] = ['line_item']

/** Returns a complete object in the endive shape. */
export const completed = (type: ObjectType, facts: TemplateFacts): Hash => ({
  id: facts.id,
  object: type,
  ...(WITHOUT_CREATED.includes(type) ? {} : { created: facts.created }),
  ...(rowOf(type).hasLivemode ? { livemode: facts.livemode } : {}),
  ...TEMPLATES[type](facts),
  ...facts.given,
})
