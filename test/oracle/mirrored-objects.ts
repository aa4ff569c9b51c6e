// The naive mirror: every event once, in true order, the last state wins. Nothing here knows of arrival.
import {
  type Family,
  hasContent,
  isCreation,
  isDeletion,
  isPaidEvent,
  objectKey,
  type SeenEvent,
  subscriptionOfInvoice,
} from './history.ts'
import { hashAt, type Json, numberAt, textAt, without } from './plain-json.ts'

export interface MirroredObject {
  readonly account: string
  readonly family: Family
  readonly id: string
  livemode: boolean
  /** The latest payload; undefined while only a bare deletion is known. */
  content: Json | undefined
  deletedAt: number | undefined
  /** Seconds of the paid events seen, in true order; invoices only. */
  readonly paidAt: number[]
}

/** A payment says which payment intent or charge paid an invoice. */
export interface Payment {
  readonly account: string
  readonly invoice: string
  readonly paymentIntent: string | null
}

export class MirroredObjects {
  readonly #objects = new Map<string, MirroredObject>()
  readonly #invoiceOfCharge = new Map<string, string>()
  readonly #payments: Payment[] = []

  apply(event: SeenEvent): MirroredObject {
    const key = objectKey(event.account, event.objectId)
    const object = this.#objects.get(key) ?? unseen(event)
    this.#objects.set(key, object)
    object.livemode = event.livemode
    if (hasContent(event.object)) object.content = without(event.object, ['deleted'])
    if (isDeletion(event)) object.deletedAt = event.created
    if (isCreation(event)) object.deletedAt = undefined
    if (isPaidEvent(event)) object.paidAt.push(event.created)
    this.#learnLinks(event)
    return object
  }

  get(account: string, id: string | null): MirroredObject | undefined {
    return id === null ? undefined : this.#objects.get(objectKey(account, id))
  }

  all(): readonly MirroredObject[] {
    return [...this.#objects.values()]
  }

  of(family: Family): readonly MirroredObject[] {
    return this.all().filter((object) => object.family === family)
  }

  payments(): readonly Payment[] {
    return this.#payments
  }

  /** Returns the invoice that a charge paid or tried to pay, from whichever end told of it. */
  invoiceOfCharge(account: string, chargeId: string): string | null {
    const told = this.#invoiceOfCharge.get(objectKey(account, chargeId))
    if (told !== undefined) return told
    const intent = textAt(this.get(account, chargeId)?.content ?? {}, 'payment_intent')
    if (intent === null) return null
    const payment = this.#payments.find((one) => one.account === account && one.paymentIntent === intent)
    return payment?.invoice ?? null
  }

  /** Returns the ids, sorted, of all charges linked with an invoice, those never seen themselves too. */
  chargesOfInvoice(account: string, invoiceId: string): readonly string[] {
    const told = [...this.#invoiceOfCharge.keys()]
      .filter((key) => key.startsWith(`${account}:`))
      .map((key) => key.slice(account.length + 1))
    const seen = this.of('charges').filter((charge) => charge.account === account)
    const ids = new Set([...told, ...seen.map((charge) => charge.id)])
    return [...ids].filter((id) => this.invoiceOfCharge(account, id) === invoiceId).sort()
  }

  #learnLinks({ account, family, object, objectId }: SeenEvent): void {
    const learn = (charge: string | null, invoice: string | null): void => {
      if (charge !== null && invoice !== null) this.#invoiceOfCharge.set(objectKey(account, charge), invoice)
    }
    if (family === 'charges') learn(objectId, textAt(object, 'invoice'))
    if (family === 'invoices') learn(textAt(object, 'charge'), objectId)
    if (family !== 'invoice_payments') return
    const invoice = textAt(object, 'invoice')
    const payment = hashAt(object, 'payment')
    learn(textAt(payment, 'charge'), invoice)
    if (invoice !== null)
      this.#payments.push({ account, invoice, paymentIntent: textAt(payment, 'payment_intent') })
  }
}

const unseen = (event: SeenEvent): MirroredObject => ({
  account: event.account,
  family: event.family,
  id: event.objectId,
  livemode: event.livemode,
  content: undefined,
  deletedAt: undefined,
  paidAt: [],
})

/** Returns the canonical `charge` of an invoice: the succeeded one created last, else the last attempt. */
export const canonicalCharge = (
  mirror: MirroredObjects,
  account: string,
  invoiceId: string,
): string | null => {
  const ids = mirror.chargesOfInvoice(account, invoiceId)
  const seen = ids.flatMap((id) => {
    const content = mirror.get(account, id)?.content
    return content === undefined
      ? []
      : [{ id, created: numberAt(content, 'created'), status: content.status }]
  })
  const succeeded = seen.filter((charge) => charge.status === 'succeeded')
  const candidates = succeeded.length > 0 ? succeeded : seen
  const [latest] = [...candidates].sort(
    (one, other) => other.created - one.created || (one.id < other.id ? 1 : -1),
  )
  return latest?.id ?? ids.at(-1) ?? null
}

/** Returns the subscription of an invoice, as its payloads say it. */
export const linkedSubscription = (invoice: MirroredObject | undefined): string | null =>
  subscriptionOfInvoice(invoice?.content ?? {})
