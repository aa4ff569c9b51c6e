// The contacts and the support desk of one account, served event by event in true order.
import { mirrored, PLAIN_MAPPINGS } from './field-mapping.ts'
import { type AccountSettings, isDeletion, type SeenEvent } from './history.ts'
import type { MirroredObject, MirroredObjects } from './mirrored-objects.ts'
import { type Json, numberAt, textAt } from './plain-json.ts'

export type Effects = 'none' | 'missing'

interface Contact {
  document: Json
  /** The fields that were empty when the contact was first met: ours to fill where somebody else made it. */
  readonly emptyFields: ReadonlySet<string>
}

export interface DeskDocuments {
  readonly contacts: readonly Json[]
  readonly conversations: readonly Json[]
  readonly rooms: readonly Json[]
  readonly messages: readonly Json[]
}

const MADE_BY_US = 'billing-sync'

/** Returns the customer of an invoice that is paid and whose paid event was seen, else null. */
export const payingCustomer = (invoice: MirroredObject): string | null =>
  invoice.content?.status === 'paid' && invoice.paidAt.length > 0 ? textAt(invoice.content, 'customer') : null

/** Returns the paid invoices of a customer, the one paid last at the end. */
export const paidInvoices = (
  mirror: MirroredObjects,
  account: string,
  customer: string,
): readonly MirroredObject[] =>
  mirror
    .of('invoices')
    .filter((invoice) => invoice.account === account && payingCustomer(invoice) === customer)
    .sort((one, other) => (one.paidAt.at(-1) ?? 0) - (other.paidAt.at(-1) ?? 0))

/** Returns what an invoice knows of its customer, as a customer. */
export const standIn = (invoice: MirroredObject): Json => ({
  email: invoice.content?.customer_email ?? null,
  name: invoice.content?.customer_name ?? null,
  phone: invoice.content?.customer_phone ?? null,
})

export class ExpectedDesk {
  readonly #settings: AccountSettings
  readonly #mirror: MirroredObjects
  readonly #effects: Effects
  readonly #contacts: Contact[]
  readonly #conversations: Json[]
  readonly #rooms: Json[]
  readonly #messages: Json[]

  constructor(
    settings: AccountSettings,
    mirror: MirroredObjects,
    preexisting: DeskDocuments,
    effects: Effects,
  ) {
    this.#settings = settings
    this.#mirror = mirror
    this.#effects = effects
    const own = (documents: readonly Json[]): Json[] =>
      documents.filter((document) => document.stripe_user_id === settings.stripe_user_id)
    this.#contacts = own(preexisting.contacts).map(met)
    this.#conversations = own(preexisting.conversations)
    this.#rooms = own(preexisting.rooms)
    this.#messages = own(preexisting.messages)
  }

  documents(): DeskDocuments {
    return {
      contacts: this.#contacts.map((contact) => contact.document),
      conversations: this.#conversations,
      rooms: this.#rooms,
      messages: this.#messages,
    }
  }

  serve(event: SeenEvent, object: MirroredObject): void {
    if (event.family === 'customers') this.#customerSeen(event, object)
    if (event.family === 'invoices') this.#invoiceSeen(object)
  }

  #customerSeen(event: SeenEvent, customer: MirroredObject): void {
    const email = isDeletion(event) ? null : textAt(customer.content ?? {}, 'email')
    const known = this.#found(customer.id, email)
    const mayCreate = this.#settings.new_contact && !isDeletion(event)
    if (known === undefined && !mayCreate) return
    this.#update(known ?? this.#made(customer.id), customer.id)
  }

  #invoiceSeen(invoice: MirroredObject): void {
    const customerId = payingCustomer(invoice)
    if (customerId === null) return
    const content = this.#mirror.get(this.#settings.stripe_user_id, customerId)?.content ?? standIn(invoice)
    const contact = this.#found(customerId, textAt(content, 'email')) ?? this.#made(customerId)
    this.#update(contact, customerId)
    const owed = numberAt(invoice.content ?? {}, 'amount_paid') > 0 && this.#settings.support
    if (owed && this.#effects === 'missing') this.#post(invoice.id, contact)
  }

  #found(customerId: string, email: string | null): Contact | undefined {
    const address = normal(email)
    return (
      this.#contacts.find(({ document }) => document.stripe_customer_id === customerId) ??
      this.#contacts.find(({ document }) => formerIds(document).includes(customerId)) ??
      oldest(
        this.#contacts.filter(
          ({ document }) => isAdoptable(document) && address !== '' && normal(document.email) === address,
        ),
      )
    )
  }

  #made(customerId: string): Contact {
    const { stripe_user_id } = this.#settings
    const document = {
      _id: `${stripe_user_id} ${customerId}`,
      stripe_user_id,
      source: MADE_BY_US,
      former_stripe_customer_ids: [],
    }
    const contact = { document, emptyFields: new Set<string>() }
    this.#contacts.push(contact)
    return contact
  }

  #update(contact: Contact, customerId: string): void {
    const customer = this.#mirror.get(this.#settings.stripe_user_id, customerId)
    contact.document = linked(contact.document, customerId, customer?.deletedAt !== undefined)
    const newest = paidInvoices(this.#mirror, this.#settings.stripe_user_id, customerId).at(-1)
    const content = customer?.content ?? (newest === undefined ? undefined : standIn(newest))
    if (content !== undefined)
      contact.document = mirrored(contact.document, content, this.#mappingsOf(contact))
  }

  #mappingsOf({ document, emptyFields }: Contact) {
    if (this.#settings.mappings.length > 0) return this.#settings.mappings
    const isOurs = (field: string) => document.source === MADE_BY_US || emptyFields.has(field)
    return PLAIN_MAPPINGS.filter(({ to }) => isOurs(to))
  }

  #post(invoice: string, { document: contact }: Contact): void {
    const dedupe_key = `invoice:${invoice}`
    if (this.#messages.some((message) => message.dedupe_key === dedupe_key)) return
    const { stripe_user_id } = this.#settings
    const made = { stripe_user_id, contact_id: contact._id, source: MADE_BY_US, created_at: new Date(0) }
    const conversation =
      oldestDocument(this.#conversations.filter((one) => one.contact_id === contact._id)) ??
      added(this.#conversations, { ...made, _id: `conversation of ${String(contact._id)}` })
    const room =
      oldestDocument(this.#rooms.filter((one) => one.conversation_id === conversation._id)) ??
      added(this.#rooms, {
        ...made,
        _id: `room of ${String(conversation._id)}`,
        conversation_id: conversation._id,
      })
    const ids = { conversation_id: conversation._id, room_id: room._id }
    this.#messages.push({
      _id: `${stripe_user_id} ${dedupe_key}`,
      ...ids,
      stripe_user_id,
      type: 'system',
      invoice,
      dedupe_key,
    })
  }
}

const met = (document: Json): Contact => ({
  document,
  emptyFields: new Set(
    PLAIN_MAPPINGS.map(({ to }) => to).filter((field) => (document[field] ?? null) === null),
  ),
})

const linked = (document: Json, customerId: string, isDeleted: boolean): Json => {
  const former = formerIds(document).filter((id) => id !== customerId)
  if (!isDeleted) return { ...document, stripe_customer_id: customerId, former_stripe_customer_ids: former }
  const { stripe_customer_id, ...rest } = document
  const kept =
    stripe_customer_id === customerId || stripe_customer_id === undefined ? {} : { stripe_customer_id }
  return { ...rest, ...kept, former_stripe_customer_ids: [...former, customerId] }
}

const isAdoptable = (document: Json): boolean =>
  (document.stripe_customer_id ?? null) === null && document.source !== MADE_BY_US

const formerIds = (document: Json): readonly unknown[] =>
  Array.isArray(document.former_stripe_customer_ids) ? document.former_stripe_customer_ids : []

const normal = (email: unknown): string => (typeof email === 'string' ? email.trim().toLowerCase() : '')

const age = (document: Json): number =>
  document.created_at instanceof Date ? document.created_at.getTime() : 0

const oldest = (contacts: readonly Contact[]): Contact | undefined =>
  [...contacts].sort((one, other) => age(one.document) - age(other.document))[0]

const oldestDocument = (documents: readonly Json[]): Json | undefined =>
  [...documents].sort((one, other) => age(one) - age(other))[0]

const added = (documents: Json[], document: Json): Json => {
  documents.push(document)
  return document
}
