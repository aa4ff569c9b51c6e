// Contacts, conversations, rooms, messages and accounts: documents that others also write, so they
// stay plain documents here and only differences are written back (change-set.ts).

import { isAdoptable } from '../core/contact.ts'
import type { Finder } from './overlay.ts'
import type { FieldLookup, StoredDocument, WorkCollection } from './reader.ts'

/** A document of the CRM or the Support desk. */
export type DeskEntity = StoredDocument

interface DeskTable {
  readonly collection: WorkCollection
  readonly finders: readonly (Finder<DeskEntity> & Omit<FieldLookup, 'collection'>)[]
}

/** Returns an id as a map key: ids made by others may be ObjectIds. */
export const deskIdOf = (entity: { readonly _id: unknown }): string => idText(entity._id)

/** Returns any `_id` as text; two ids have the same text only when they are the same. */
export const idText = (id: unknown): string => String(id)

/** Returns the `_id` of the conversation that billing-sync makes with a contact. */
export const conversationIdOf = (account: string, contactId: unknown): string =>
  `${account}:${idText(contactId)}`

/** The collections and how documents are found in them. */
export const deskTables: Readonly<
  Record<'contacts' | 'conversations' | 'rooms' | 'messages' | 'accounts', DeskTable>
> = {
  contacts: {
    collection: 'crm.contacts',
    finders: [
      {
        name: 'customer',
        field: 'stripe_customer_id',
        valuesOf: (contact) => texts(contact.stripe_customer_id),
      },
      {
        name: 'former_customer',
        field: 'former_stripe_customer_ids',
        valuesOf: (contact) => texts(contact.former_stripe_customer_ids),
      },
      {
        // Only what a customer may adopt: thousands of customers of one address would each read the contacts of all.
        name: 'adoptable',
        field: 'email',
        caseless: true,
        adoptable: true,
        // Only the customer's address is trimmed: the database finds a stored one as it is.
        valuesOf: (contact) =>
          isAdoptable(contact) ? texts(contact.email).map((email) => email.toLowerCase()) : [],
      },
    ],
  },
  conversations: {
    collection: 'support.conversations',
    finders: [
      {
        name: 'contact',
        field: 'contact_id',
        holdsId: true,
        valuesOf: ({ contact_id }) => [idText(contact_id)],
      },
    ],
  },
  rooms: {
    collection: 'support.rooms',
    finders: [
      {
        name: 'conversation',
        field: 'conversation_id',
        holdsId: true,
        valuesOf: ({ conversation_id }) => [idText(conversation_id)],
      },
      {
        name: 'contact',
        field: 'contact_id',
        holdsId: true,
        valuesOf: ({ contact_id }) => [idText(contact_id)],
      },
    ],
  },
  messages: {
    collection: 'support.messages',
    finders: [{ name: 'dedupe_key', field: 'dedupe_key', valuesOf: ({ dedupe_key }) => texts(dedupe_key) }],
  },
  accounts: { collection: 'billing.accounts', finders: [] },
}

const texts = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string')
