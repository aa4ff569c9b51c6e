// One account in one mode, as a test acts on it: objects are made, changed and deleted as somebody would at Stripe, and
// each change records the events that Stripe would emit. Nothing here moves the clock, and nothing is delivered.
import { changedObject, newObject } from './assemble.ts'
import { typeOfDeletion, typesOfCreation, typesOfUpdate } from './change-events.ts'
import { type EventRecord, type EventSubject, stubSubject, subjectOf } from './event-record.ts'
import { ImpossibleInStripe } from './impossible-in-stripe.ts'
import { type Hash, sameJson, without } from './json.ts'
import type { Mode, ModeState } from './mode-state.ts'
import { type ObjectType, rowOf } from './object-types.ts'
import { shapeOf } from './shapes.ts'
import type { StoredObject } from './stored-object.ts'
import type { Workshop } from './workshop.ts'

/** What a mutation did: the object's id, and its events in the order in which they were emitted. */
export interface Change {
  readonly id: string
  readonly events: readonly EventRecord[]
}

export interface MutationOptions {
  /** Key that the events carry in `request.idempotency_key`; default none. */
  readonly idempotencyKey?: string
  /** Types of events to emit in place of the ones Stripe would. */
  readonly types?: readonly string[]
}

/** What an account needs from its world. */
export interface AccountHome {
  readonly id: string
  readonly mode: Mode
  readonly state: ModeState
  readonly isPlatform: boolean
  /** Default API version of the account, as it is now. */
  readonly apiVersion: () => string
  readonly now: () => number
  readonly newId: (prefix: string) => string
}

export class StripeAccount {
  readonly id: string
  readonly mode: Mode
  readonly state: ModeState
  readonly #home: AccountHome
  readonly #workshop: Workshop

  constructor(home: AccountHome) {
    this.id = home.id
    this.mode = home.mode
    this.state = home.state
    this.#home = home
    const { id: accountId, state, now, newId } = home
    this.#workshop = { accountId, livemode: home.mode === 'live', state, now, newId }
  }

  /** Unix seconds on the world's clock. */
  now(): number {
    return this.#home.now()
  }

  /** Every event that was ever recorded, in the order in which they were emitted. */
  get events(): readonly EventRecord[] {
    return [...this.state.eventsById.values()]
  }

  /** Makes an object of a complete template with the given fields over it, and emits its events of creation. */
  create(type: ObjectType, fields: Hash = {}, options: MutationOptions = {}): Change {
    const after = this.#add(type, fields)
    const types = options.types ?? typesOfCreation(type, after.content)
    return { id: after.id, events: this.#emitAll(types, { after }, options) }
  }

  /** Makes an object without a word, as one that is older than anything the test tells; returns its id. */
  seed(type: ObjectType, fields: Hash = {}): string {
    return this.#add(type, fields).id
  }

  /**
   * Changes fields of an object and emits what Stripe would: nothing when nothing changed. Fields replace the former
   * ones whole; `metadata` is merged as Stripe merges it.
   */
  update(type: ObjectType, id: string, fields: Hash, options: MutationOptions = {}): Change {
    const before = this.stored(type, id)
    const after = changedObject(this.#workshop, before, fields)
    if (isSame(before, after)) return { id, events: [] }
    this.state.put(after)
    const types = options.types ?? typesOfUpdate(type, before.content, after.content)
    return { id, events: this.#emitAll(types, { before, after }, options) }
  }

  /**
   * Deletes what Stripe lets be deleted: a customer (which ends its subscriptions), a product, a price, a draft
   * invoice. The event carries the whole object, or with `payload: 'stub'` only that it is deleted.
   */
  delete(
    type: ObjectType,
    id: string,
    options: MutationOptions & { readonly payload?: 'whole' | 'stub' } = {},
  ): Change {
    const object = this.stored(type, id)
    const eventType = typeOfDeletion(type)
    if (eventType === undefined) throw new ImpossibleInStripe(`A ${type} can't be deleted`)
    if (type === 'invoice' && object.content.status !== 'draft') {
      throw new ImpossibleInStripe(
        `Only a draft invoice can be deleted, ${id} is ${String(object.content.status)}`,
      )
    }
    const ended = type === 'customer' ? this.#endSubscriptionsOf(id) : []
    if (rowOf(type).afterDeletion === 'gone') this.state.drop(object)
    else this.state.put({ ...object, deleted: true, rendered: new Map() })
    const subject =
      options.payload === 'stub' ? stubSubject(object) : this.#subject(eventType, { after: object })
    return { id, events: [...ended, this.#record(eventType, subject, options)] }
  }

  /** Ends a subscription now. */
  cancel(subscriptionId: string, options: MutationOptions = {}): Change {
    const at = this.now()
    const fields = { status: 'canceled', canceled_at: at, ended_at: at }
    return this.update('subscription', subscriptionId, fields, options)
  }

  /** Emits an event of any type about an object as it is now, such as `invoice.sent`. */
  emitAbout(eventType: string, type: ObjectType, id: string, options: MutationOptions = {}): EventRecord {
    return this.#record(eventType, this.#subject(eventType, { after: this.stored(type, id) }), options)
  }

  /** Emits an event about anything at all, for types and objects that this world does not know. */
  emit(eventType: string, object: Hash, options: MutationOptions = {}): EventRecord {
    return this.#record(eventType, { object: () => object }, options)
  }

  /** Records a second event of the same change with an id of its own, as Stripe sometimes does. */
  twin(event: EventRecord): EventRecord {
    const twin = { ...event, id: this.#home.newId('evt'), delivered: false }
    this.state.record(twin)
    return twin
  }

  /** Returns the object in its newest shape, sub-lists cut at ten. */
  get(type: ObjectType, id: string): Hash {
    return shapeOf(this.stored(type, id), 'basil')
  }

  /** Returns the object as stored: whole sub-list, and what only older versions show. */
  stored(type: ObjectType, id: string): StoredObject {
    const object = this.state.find(type, id)
    if (object === undefined || object.deleted) throw new ImpossibleInStripe(`There is no ${type} ${id}`)
    return object
  }

  /** Returns the ids of all listed objects of a type, oldest first. */
  ids(type: ObjectType): readonly string[] {
    return this.state.table(type).listed.map(({ id }) => id)
  }

  #add(type: ObjectType, fields: Hash): StoredObject {
    const object = newObject(this.#workshop, type, fields)
    const existing = this.state.find(type, object.id)
    if (existing !== undefined && !existing.deleted) {
      throw new ImpossibleInStripe(`There is a ${type} ${object.id} already`)
    }
    this.state.put(object)
    return object
  }

  #endSubscriptionsOf(customerId: string): readonly EventRecord[] {
    const subscriptions = this.state.table('subscription').linked('customer', customerId) ?? []
    return subscriptions
      .filter(({ content }) => content.status !== 'canceled' && content.status !== 'incomplete_expired')
      .flatMap(({ id }) => this.cancel(id).events)
  }

  #emitAll(
    types: readonly string[],
    states: { readonly before?: StoredObject; readonly after: StoredObject },
    options: MutationOptions,
  ): readonly EventRecord[] {
    return types.map((type) => this.#record(type, this.#subject(type, states), options))
  }

  #subject(eventType: string, states: { before?: StoredObject; after: StoredObject }): EventSubject {
    const { after } = states
    const refunds =
      after.type === 'charge' ? (this.state.table('refund').linked('charge', after.id) ?? []) : []
    return subjectOf(eventType, { ...states, refunds: refunds.toReversed() })
  }

  #record(type: string, subject: EventSubject, { idempotencyKey }: MutationOptions): EventRecord {
    const { id: account, isPlatform, mode, newId, apiVersion } = this.#home
    const event: EventRecord = {
      id: newId('evt'),
      type,
      created: this.now(),
      livemode: mode === 'live',
      account: isPlatform ? null : account,
      apiVersion: apiVersion(),
      request: {
        id: idempotencyKey === undefined ? null : newId('req'),
        idempotency_key: idempotencyKey ?? null,
      },
      subject,
      delivered: false,
    }
    this.state.record(event)
    return event
  }
}

const isSame = (before: StoredObject, after: StoredObject): boolean => {
  const changing = ['updated']
  return (
    sameJson(without(before.content, changing), without(after.content, changing)) &&
    sameJson(before.old, after.old) &&
    sameJson(entries(before), entries(after))
  )
}

const entries = ({ parts }: StoredObject): readonly Hash[] => parts.map(({ content }) => content)
