// Reads what a batch will ask for. Handlers would get the same answers one by one; here all observations ask side
// by side, so that each collection is read once per step and not once per event (the overlays gather what is
// asked in one turn of the event loop).

import { ownMetadata } from '../core/canonical.ts'
import { contactIdOf } from '../core/contact.ts'
import { normaliseEmail } from '../core/email.ts'
import { isEqual, type Json, type JsonObject, own, ownObject, ownString } from '../core/json.ts'
import { isIdentified } from '../core/normalise.ts'
import type { ObjectKind } from '../core/object-kinds.ts'
import type { Observation } from '../core/observation.ts'
import { contentOf } from '../core/projection.ts'
import { conversationIdOf, idText } from './desk-entities.ts'
import type { Soon } from './overlay.ts'
import { linkOfPayment, paymentIntentIn } from './projection-finders.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Loads the observed objects, their relatives and their desk documents into the unit of work. */
export const preload = async (work: UnitOfWork, observations: readonly Observation[]): Promise<void> => {
  await Promise.all(
    withOtherNeeds(observations).map((seen) => (preloaders[seen.kind] ?? preloadItself)(work, seen)),
  )
}

// Most events of an object ask for what the one before asked for, and a batch holds some four of each; a list shows each
// object once. What an observation turns out to need beyond that is read when its handler comes to it.
const withOtherNeeds = (observations: readonly Observation[]): readonly Observation[] => {
  if (new Set(observations.map(({ id }) => id)).size === observations.length) return observations
  const needs = new Map<string, Observation>()
  for (const seen of observations) needs.set(needsOf(seen), seen)
  return [...needs.values()]
}

/** Fields of a payload that say what is asked for. */
const askingFields = ['customer', 'payment_intent', 'invoice', 'status', 'email', 'customer_email'] as const

const needsOf = ({ kind, id, eventId, tellsPayment, links, content }: Observation): string => {
  const fields = askingFields.map((field) => ownString(content, field)).join(' ')
  // Whether a subscription's invoices are asked for hangs on its metadata.
  const event = kind === 'subscription' ? eventId : ''
  return `${kind} ${id} ${event} ${tellsPayment} ${links.invoices} ${links.charges} ${links.subscriptions} ${fields}`
}

type Preloader = (work: UnitOfWork, seen: Observation) => Soon<unknown>

const preloadItself: Preloader = (work, seen) => work.projections[seen.kind].get(seen.id)

const preloadCharge: Preloader = async (work, seen) => {
  const { charge, invoice, invoice_payment: payment } = work.projections
  const intent = ownString(seen.content, 'payment_intent')
  const [stored, naming, direct, ofIntent] = await Promise.all([
    charge.get(seen.id),
    invoice.findBy('charge', seen.id),
    payment.findBy('charge', seen.id),
    intent === null ? [] : payment.findBy('payment_intent', intent),
  ])
  const paid = [...direct, ...ofIntent]
    .map((item) => ownString(contentOf(item), 'invoice'))
    .filter((id) => id !== null)
  const invoices = [
    ...seen.links.invoices,
    ...(stored?.links.invoices ?? []),
    ...naming.map(({ id }) => id),
    ...paid,
  ]
  const refunds = own(ownObject(seen.content, 'refunds'), 'data')
  await Promise.all([
    ...[...new Set(invoices)].map((id) => preloadFamily(work, id)),
    Array.isArray(refunds) ? work.projections.refund.load(refunds.flatMap(idIn)) : null,
  ])
}

const preloadInvoice: Preloader = async (work, seen) => {
  const [stored] = await Promise.all([
    work.projections.invoice.get(seen.id),
    preloadFamily(work, seen.id),
    work.lentMetadata.load(seen.links.subscriptions),
    work.projections.charge.load(seen.links.charges),
  ])
  const customer = ownString(seen.content, 'customer')
  if (customer === null) return
  if (isListedPaid(seen))
    await Promise.all([preloadContact(work, customer, seen.content), preloadStandIn(work, customer)])
  if (!(seen.tellsPayment || stored?.paymentTold === true || stored?.paymentShown === true)) return
  const [contacts] = await Promise.all([
    preloadContact(work, customer, seen.content),
    work.messages.findBy('dedupe_key', `invoice:${seen.id}`),
  ])
  await Promise.all(contacts.map((id) => preloadRooms(work, id)))
}

const isListedPaid = (seen: Observation): boolean =>
  seen.readSeq !== null && ownString(seen.content, 'status') === 'paid'

const preloadStandIn = async (work: UnitOfWork, customer: string): Promise<void> => {
  const stored = await work.projections.customer.get(customer)
  if (stored === null) await work.projections.invoice.findBy('customer', customer)
}

const preloadSubscription: Preloader = async (work, seen) => {
  const stored = await work.projections.subscription.get(seen.id)
  if (stored !== null && isEqual(ownMetadata(stored), ownObject(seen.content, 'metadata') ?? {})) return
  const invoices = await work.projections.invoice.findBy('subscription', seen.id)
  if (work.projections.invoice.isCut('subscription', seen.id)) return
  await Promise.all(invoices.map(({ id }) => preloadFamily(work, id)))
}

const preloadCustomer: Preloader = (work, seen) => preloadContact(work, seen.id, seen.content)

const preloadPayment: Preloader = async (work, seen) => {
  const { invoice_payment: payment, charge } = work.projections
  await payment.get(seen.id)
  const invoice = ownString(seen.content, 'invoice')
  const intent = paymentIntentIn(seen.content)
  const charges = intent === null ? [] : await charge.findBy('payment_intent', intent)
  await Promise.all([
    invoice === null ? null : preloadFamily(work, invoice),
    intent === null ? null : payment.findBy('payment_intent', intent),
    ...charges.map(({ id }) => payment.findBy('charge', id)),
    ...charges.map(({ id }) => work.projections.invoice.findBy('charge', id)),
  ])
}

const preloaders: Partial<Record<ObjectKind, Preloader>> = {
  charge: preloadCharge,
  invoice: preloadInvoice,
  subscription: preloadSubscription,
  customer: preloadCustomer,
  invoice_payment: preloadPayment,
}

/** Loads invoices with everything that their metadata depends on. */
export const preloadInvoices = async (work: UnitOfWork, ids: readonly string[]): Promise<void> => {
  await Promise.all(ids.map((id) => preloadFamily(work, id)))
}

/** Loads customers with the contacts that they may turn out to have. */
export const preloadContacts = async (work: UnitOfWork, customers: readonly string[]): Promise<void> => {
  await Promise.all(
    customers.map((id) => Promise.all([preloadContact(work, id, null), preloadStandIn(work, id)])),
  )
}

/** An invoice with what its subscription lends it, its payments and all their charges. */
const preloadFamily = async (work: UnitOfWork, id: string): Promise<void> => {
  const { charge, invoice, invoice_payment: payment } = work.projections
  const [stored, payments] = await Promise.all([
    invoice.get(id),
    payment.findBy('invoice', id),
    charge.findBy('invoice', id),
  ])
  const intents = payments
    .map((item) => linkOfPayment(item, 'payment_intent'))
    .filter((intent) => intent !== null)
  await Promise.all([
    work.lentMetadata.load(stored?.links.subscriptions ?? []),
    charge.load(stored?.links.charges ?? []),
    ...intents.map((intent) => charge.findBy('payment_intent', intent)),
  ])
}

/** Answers the contacts that the customer may turn out to have, the one that may yet be made among them. */
const preloadContact = async (
  work: UnitOfWork,
  customer: string,
  content: JsonObject | null,
): Promise<readonly string[]> => {
  const [stored, linked, former] = await Promise.all([
    work.projections.customer.get(customer),
    work.contacts.findBy('customer', customer),
    work.contacts.findBy('former_customer', customer),
  ])
  const email = normaliseEmail(
    (stored === null ? null : ownString(contentOf(stored), 'email')) ??
      ownString(content, 'email') ??
      ownString(content, 'customer_email') ??
      '',
  )
  const known = [...linked, ...former]
  if (known.length > 0) return known.map(({ _id }) => idText(_id))
  const made = contactIdOf(work.account.id, customer)
  const [namesakes] = await Promise.all([
    email === '' ? [] : work.contacts.findBy('adoptable', email),
    work.contacts.load([made]),
  ])
  return [made, ...namesakes.map(({ _id }) => idText(_id))]
}

const preloadRooms = async (work: UnitOfWork, contact: string): Promise<void> => {
  const own = conversationIdOf(work.account.id, contact)
  const [conversations] = await Promise.all([
    work.conversations.findBy('contact', contact),
    work.conversations.load([own]),
    work.rooms.findBy('contact', contact),
  ])
  const ids = conversations.length > 0 ? conversations.map(({ _id }) => idText(_id)) : [own]
  await Promise.all(ids.map((id) => work.rooms.findBy('conversation', id)))
}

const idIn = (value: Json): readonly string[] => (isIdentified(value) ? [value.id] : [])
