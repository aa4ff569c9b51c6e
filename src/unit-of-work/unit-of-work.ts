// What the handlers work on: every document that a batch touches, read through finders that see the batch's own
// changes, and written back only as a whole (change-set.ts). Blind to sessions, transactions and sockets.
// One unit of work belongs to one attempt: a retry starts with a new one.

import type { AccountSettings } from '../core/account.ts'
import type { JsonObject } from '../core/json.ts'
import { type Currency, isExponent } from '../core/money.ts'
import { type ObjectKind, objectKinds } from '../core/object-kinds.ts'
import type { Projection } from '../core/projection.ts'
import {
  documentId,
  lendingFields,
  lentByDocument,
  type ProjectionDocument,
  projectionOf,
} from '../core/projection-document.ts'
import { type DeskEntity, deskIdOf, deskTables } from './desk-entities.ts'
import { LentMetadata } from './lent-metadata.ts'
import { Overlay, type Slot } from './overlay.ts'
import { projectionFinders } from './projection-finders.ts'
import type { AccountReader } from './reader.ts'

export type { DeskEntity } from './desk-entities.ts'

/** Whether people are told: `missing` makes what was not made yet, `none` makes nothing that they see. */
export type Effects = 'none' | 'missing'

export interface UnitOfWorkOptions {
  readonly account: AccountSettings
  readonly effects: Effects
  readonly now: Date
  readonly reader: AccountReader
  /** Subscriptions whose metadata has not reached all their invoices yet. */
  readonly unfinished?: readonly string[]
  /** Work on the same account whose commit is under way; this work is void should that one not go through. */
  readonly after?: UnitOfWork
}

/** Marks a point to which `rollback` returns. */
export type Savepoint = number

/** Holds what one attempt of a batch reads and puts. Its finders throw `mongodb_unavailable`; nothing is written by it. */
export class UnitOfWork {
  readonly account: AccountSettings
  readonly effects: Effects
  readonly now: Date
  readonly projections: Readonly<Record<ObjectKind, Overlay<Projection>>>
  /** What invoices inherit. */
  readonly lentMetadata: LentMetadata
  readonly contacts: Overlay<DeskEntity>
  readonly conversations: Overlay<DeskEntity>
  readonly rooms: Overlay<DeskEntity>
  readonly messages: Overlay<DeskEntity>
  readonly accounts: Overlay<DeskEntity>
  readonly #reader: AccountReader
  readonly #documents = new WeakMap<Projection, ProjectionDocument>()
  readonly #unfinished: Set<string>
  readonly #deferred = new Set<string>()
  #awaiting = 0
  readonly #journal: { readonly slot: Slot<unknown>; readonly previous: unknown }[] = []

  constructor({ account, effects, now, reader, unfinished = [], after }: UnitOfWorkOptions) {
    this.account = account
    this.effects = effects
    this.now = now
    this.#reader = reader
    this.#unfinished = new Set(unfinished)
    this.projections = this.#projectionOverlays()
    this.lentMetadata = new LentMetadata(this.projections.subscription, (ids) => this.#readLentMetadata(ids))
    this.contacts = this.#deskOverlay('contacts')
    this.conversations = this.#deskOverlay('conversations')
    this.rooms = this.#deskOverlay('rooms')
    this.messages = this.#deskOverlay('messages')
    this.accounts = this.#deskOverlay('accounts')
    if (after !== undefined) this.#follow(after)
  }

  /** Returns the currency's row by a code in any case, or null where the collection has none. */
  async currency(code: string): Promise<Currency | null> {
    const row = await this.#reader.currency(code.toUpperCase())
    if (row === null || !isExponent(row.exponent)) return null
    return {
      code: String(row.code),
      symbol: typeof row.symbol === 'string' ? row.symbol : null,
      exponent: row.exponent,
    }
  }

  /** Subscriptions whose new metadata the commit leaves to be spread. */
  get deferred(): ReadonlySet<string> {
    return this.#deferred
  }

  /** How often something was seen of a subscription whose metadata is still being spread. */
  get awaiting(): number {
    return this.#awaiting
  }

  /** Leaves the spreading of a subscription's new metadata to the steps after the commit. */
  defer(subscription: string): void {
    this.#deferred.add(subscription)
    this.#unfinished.add(subscription)
  }

  /** Notes that what is said of this subscription is done only once its metadata is spread. */
  awaitSpread(subscription: string): void {
    if (this.#unfinished.has(subscription)) this.#awaiting += 1
  }

  /** Returns the document that a projection was read from; undefined where it is another's work, or this one's. */
  documentRead(projection: Projection): ProjectionDocument | undefined {
    return this.#documents.get(projection)
  }

  /** Marks the present state. */
  savepoint(): Savepoint {
    return this.#journal.length
  }

  /** Takes back every put since the savepoint. */
  rollback(savepoint: Savepoint): void {
    for (const { slot, previous } of this.#journal.splice(savepoint).reverse()) slot.now = previous
  }

  /** Returns each slot put since the savepoint once, with what it held at the savepoint. */
  changedSince(savepoint: Savepoint): ReadonlyMap<Slot<unknown>, unknown> {
    const changed = new Map<Slot<unknown>, unknown>()
    for (const { slot, previous } of this.#journal.slice(savepoint))
      if (!changed.has(slot)) changed.set(slot, previous)
    return changed
  }

  #follow(earlier: UnitOfWork): void {
    const stored = (projection: Projection): Projection => ({
      ...projection,
      firstStoredAt: projection.firstStoredAt ?? earlier.now,
    })
    for (const kind of Object.keys(objectKinds) as ObjectKind[]) // the table's own keys
      this.projections[kind].expect(changedIn(earlier.projections[kind]).map(stored))
    for (const table of Object.keys(deskTables) as (keyof typeof deskTables)[]) // the table's own keys
      this[table].expect(changedIn(earlier[table]))
  }

  #projectionOverlays(): Record<ObjectKind, Overlay<Projection>> {
    const kinds = Object.keys(objectKinds) as ObjectKind[] // the table's own keys
    return Object.fromEntries(kinds.map((kind) => [kind, this.#projectionOverlay(kind)])) as Record<
      ObjectKind,
      Overlay<Projection>
    > // one entry per key of the table
  }

  #projectionOverlay(kind: ObjectKind): Overlay<Projection> {
    const { collection } = objectKinds[kind]
    const finders = projectionFinders[kind] ?? []
    const read = (documents: readonly unknown[]) =>
      documents.map((document) => this.#projectionRead(kind, document as ProjectionDocument)) // only documentOf writes there
    return new Overlay({
      idOf: (projection) => projection.id,
      finders,
      source: {
        byIds: async (ids) =>
          read(
            await this.#reader.byDocumentIds(
              collection,
              ids.map((id) => documentId(this.account.id, id)),
            ),
          ),
        byValues: async (name, values) => {
          const { field = name, most } = finders.find((finder) => finder.name === name) ?? {}
          const lookup = { collection, field, ...(most === undefined ? {} : { most }) }
          return read(await this.#reader.byField(lookup, values))
        },
      },
      onPut: (undo) => this.#journal.push(undo),
    })
  }

  #projectionRead(kind: ObjectKind, document: ProjectionDocument): Projection {
    const projection = projectionOf(kind, document)
    this.#documents.set(projection, document)
    return projection
  }

  async #readLentMetadata(ids: readonly string[]): Promise<ReadonlyMap<string, JsonObject | null>> {
    const { id: account } = this.account
    const documents = await this.#reader.byDocumentIds(
      objectKinds.subscription.collection,
      ids.map((id) => documentId(account, id)),
      lendingFields,
    )
    const byId = new Map(
      documents.map((document) => [document._id, lentByDocument(document as unknown as ProjectionDocument)]), // only documentOf writes there
    )
    return new Map(ids.map((id) => [id, byId.get(documentId(account, id)) ?? null]))
  }

  #deskOverlay(table: keyof typeof deskTables): Overlay<DeskEntity> {
    const { collection, finders } = deskTables[table]
    return new Overlay({
      idOf: deskIdOf,
      finders,
      source: {
        byIds: (ids) => this.#reader.byDocumentIds(collection, ids),
        byValues: async (name, values) => {
          const finder = finders.find((candidate) => candidate.name === name)
          return this.#reader.byField({ field: name, ...finder, collection }, values)
        },
      },
      onPut: (undo) => this.#journal.push(undo),
    })
  }
}

const changedIn = <Entity>(overlay: Overlay<Entity>): readonly Entity[] =>
  [...overlay.changedSlots()].map(({ now }) => now).filter((now) => now !== null)
