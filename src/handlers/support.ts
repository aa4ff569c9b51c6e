// A paid invoice as the Support desk sees it: conversation, room and one system message.

import { needsContact } from '../core/canonical.ts'
import { ownSource } from '../core/contact.ts'
import { eventIdOf } from '../core/content-register.ts'
import { type JsonObject, ownNumber, ownString } from '../core/json.ts'
import { formatAmount } from '../core/money.ts'
import { contentOf, type Projection } from '../core/projection.ts'
import { conversationIdOf, idText } from '../unit-of-work/desk-entities.ts'
import type { DeskEntity, UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import { deriveContact, isOurs, oldest } from './contacts.ts'

/**
 * Gives a paid invoice its contact and, where people are told, its message. What counts is the stored invoice: it is paid,
 * and `invoice.paid` or `invoice.payment_succeeded` was seen, however late and however often. For the contact alone it is
 * enough that a backfill showed it.
 */
export const postPaidInvoice = async (work: UnitOfWork, invoiceId: string): Promise<void> => {
  const invoice = await work.projections.invoice.get(invoiceId)
  const content = invoice === null ? null : contentOf(invoice)
  if (invoice === null || content === null || !needsContact(invoice)) return
  const customerId = ownString(content, 'customer')
  if (customerId === null) return
  const contact = await deriveContact(work, customerId, { paid: true })
  if (contact !== null && owesMessage(work, invoice)) await postPayment(work, invoice, contact)
}

const owesMessage = (work: UnitOfWork, invoice: Projection): boolean =>
  work.effects === 'missing' &&
  work.account.support &&
  invoice.paymentTold &&
  amountPaid(contentOf(invoice) ?? {}) > 0

const amountPaid = (invoice: JsonObject): number => {
  const amount = ownNumber(invoice, 'amount_paid') ?? 0
  return Number.isSafeInteger(amount) ? amount : 0
}

const postPayment = async (work: UnitOfWork, invoice: Projection, contact: DeskEntity): Promise<void> => {
  const dedupeKey = `invoice:${invoice.id}`
  if ((await work.messages.findBy('dedupe_key', dedupeKey)).length > 0) return
  const room = await roomOf(work, await conversationOf(work, contact), contact)
  work.messages.put({
    _id: `${work.account.id}:${dedupeKey}`,
    conversation_id: room.conversation_id,
    room_id: room._id,
    stripe_user_id: work.account.id,
    type: 'system',
    ...(await paymentText(work, invoice)),
    invoice: invoice.id,
    event_id: invoice.content === null ? null : eventIdOf(invoice.content.winner),
    dedupe_key: dedupeKey,
    created_at: work.now,
  })
}

const paymentText = async (
  work: UnitOfWork,
  invoice: Projection,
): Promise<{ body: string; amount: number; currency: string }> => {
  const content = contentOf(invoice) ?? {}
  const amount = amountPaid(content)
  const currency = ownString(content, 'currency') ?? ''
  const formatted = formatAmount(amount, currency, await work.currency(currency))
  return {
    body: `Payment of ${formatted} received for invoice ${ownString(content, 'number') ?? invoice.id}`,
    amount,
    currency,
  }
}

const conversationOf = async (work: UnitOfWork, contact: DeskEntity): Promise<DeskEntity> => {
  const _id = conversationIdOf(work.account.id, contact._id)
  // One made before may have gone to another contact when the CRM joined the two: its id is taken all the same.
  const known =
    oldest(await work.conversations.findBy('contact', idText(contact._id))) ??
    (await work.conversations.get(_id))
  if (known !== null) return known
  const conversation = {
    _id,
    stripe_user_id: work.account.id,
    contact_id: contact._id,
    source: ownSource,
    created_at: work.now,
  }
  work.conversations.put(conversation)
  return conversation
}

const roomOf = async (
  work: UnitOfWork,
  conversation: DeskEntity,
  contact: DeskEntity,
): Promise<DeskEntity> => {
  const known =
    oldest(await work.rooms.findBy('conversation', idText(conversation._id))) ??
    (await madeBefore(work, contact))
  if (known !== null) return known
  const room = {
    _id: `${work.account.id}:${idText(conversation._id)}`,
    stripe_user_id: work.account.id,
    contact_id: contact._id,
    conversation_id: conversation._id,
    source: ownSource,
    created_at: work.now,
  }
  work.rooms.put(room)
  return room
}

// A contact has one room of billing-sync's: where somebody has begun an older conversation since, without a room, that
// one goes on being used.
const madeBefore = async (work: UnitOfWork, contact: DeskEntity): Promise<DeskEntity | null> => {
  const ofContact = await work.rooms.findBy('contact', idText(contact._id))
  return ofContact.find(isOurs) ?? null
}
