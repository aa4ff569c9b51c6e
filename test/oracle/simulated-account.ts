// One connected account of the simulated Stripe: its objects, the clock they live by, and the events it emits.
// Every change of an object is told by an event, so that previous_attributes always follow on the event before.
import type { AccountSettings, Family, Generation } from './history.ts'
import { isHash, type Json } from './plain-json.ts'
import { previousAttributes } from './previous-attributes.ts'
import { API_VERSIONS, rendered } from './stripe-shapes.ts'

/** What of an object's life reaches billing-sync. */
export type Fate = 'seen' | 'never seen' | 'only its deletion'

export interface SimulatedObject {
  readonly family: Family
  readonly id: string
  readonly fate: Fate
  facts: Json
  isDeleted: boolean
}

/** The clock and the record that all accounts of a world share; `salt` is drawn anew for each step. */
export interface SimulatedWorld {
  readonly families: readonly Family[]
  readonly mixedGenerations: boolean
  readonly events: Json[]
  clock: number
  salt: number
}

export interface SimulatedAccountPlan {
  readonly settings: AccountSettings
  readonly generation: Generation
  /** The fate of each object in the order of creation, repeated as needed. */
  readonly fates: readonly Fate[]
  /** Customers, by number from 1, that have the e-mail of somebody else's contact, and keep it for good. */
  readonly reservedEmails: ReadonlyMap<number, string>
}

interface Kind {
  readonly prefix: string
  readonly object: string
  readonly events: string
}

const KINDS: Readonly<Record<Family, Kind>> = {
  customers: { prefix: 'cus', object: 'customer', events: 'customer' },
  subscriptions: { prefix: 'sub', object: 'subscription', events: 'customer.subscription' },
  invoices: { prefix: 'in', object: 'invoice', events: 'invoice' },
  charges: { prefix: 'ch', object: 'charge', events: 'charge' },
  invoice_payments: { prefix: 'inpay', object: 'invoice_payment', events: 'invoice_payment' },
  refunds: { prefix: 're', object: 'refund', events: 'refund' },
  disputes: { prefix: 'du', object: 'dispute', events: 'charge.dispute' },
  products: { prefix: 'prod', object: 'product', events: 'product' },
}

/** One in so many updates comes without previous_attributes, and one change in so many is told by two events. */
const UPDATES_PER_PLAIN_ONE = 40
const EVENTS_PER_TWIN = 15

export class SimulatedAccount {
  readonly plan: SimulatedAccountPlan
  readonly world: SimulatedWorld
  readonly #objects: SimulatedObject[] = []

  constructor(plan: SimulatedAccountPlan, world: SimulatedWorld) {
    this.plan = plan
    this.world = world
  }

  /** Returns the objects of a family, deleted ones too, in the order of creation. */
  of(family: Family): readonly SimulatedObject[] {
    return this.#objects.filter((object) => object.family === family)
  }

  /** Returns the living objects of a family whose facts fit. */
  living(family: Family, fits: (facts: Json) => boolean = () => true): readonly SimulatedObject[] {
    return this.of(family).filter((object) => !object.isDeleted && fits(object.facts))
  }

  /** Makes an object with the next id of its family; ids are alike in all accounts. Emits nothing. */
  create(family: Family, facts: Json, fate?: Fate): SimulatedObject {
    const { prefix, object } = KINDS[family]
    const number = this.of(family).length + 1
    const id = `${prefix}_${number}`
    const planned = this.plan.fates[this.#objects.length % Math.max(1, this.plan.fates.length)] ?? 'seen'
    const created = { id, object, created: this.world.clock, livemode: false, ...facts }
    const made = { family, id, fate: fate ?? planned, facts: created, isDeleted: false }
    this.#objects.push(made)
    return made
  }

  /** Changes an object and emits the `*.updated` that tells it; nothing when no rendered field changes. */
  update(object: SimulatedObject, patch: Json): void {
    this.change(object, patch, `${KINDS[object.family].events}.updated`)
  }

  /** Changes an object and emits an event of this type with the previous_attributes of the change. */
  change(object: SimulatedObject, patch: Json, type: string): void {
    const generation = this.#generation()
    const before = rendered(object.family, object.facts, generation)
    object.facts = { ...object.facts, ...patch }
    const previous = previousAttributes(before, rendered(object.family, object.facts, generation))
    if (Object.keys(previous).length === 0) return
    const isPlain = this.#draw(1) % UPDATES_PER_PLAIN_ONE === 1
    this.#emit(object, { type, generation, ...(isPlain ? {} : { previous }) })
  }

  /** Changes an object, if a patch is given, and emits an event that doesn't say what was before. */
  announce(object: SimulatedObject, type: string, patch: Json = {}): void {
    object.facts = { ...object.facts, ...patch }
    this.#emit(object, { type, generation: this.#generation() })
  }

  /** Deletes an object and emits the event, with the whole object or with `{id, object, deleted: true}`. */
  delete(object: SimulatedObject, shape: 'whole' | 'bare'): void {
    object.isDeleted = true
    const { id, facts } = object
    const payload = shape === 'bare' ? { payload: { id, object: facts.object, deleted: true } } : {}
    this.#emit(object, {
      type: `${KINDS[object.family].events}.deleted`,
      generation: this.#generation(),
      ...payload,
    })
  }

  tick(seconds: number): void {
    this.world.clock += seconds
  }

  #generation(): Generation {
    if (!this.world.mixedGenerations) return this.plan.generation
    return this.#draw(2) % 2 === 0 ? 'acacia' : 'endive'
  }

  #emit(
    object: SimulatedObject,
    told: {
      readonly type: string
      readonly generation: Generation
      readonly previous?: Json
      readonly payload?: Json
    },
  ): void {
    const { families, events } = this.world
    if (!families.includes(object.family) || !reaches(object.fate, told.type)) return
    // Invoice payments came with the new generation: no older endpoint gets their events.
    const generation = object.family === 'invoice_payments' ? 'endive' : told.generation
    const copies = this.#draw(3) % EVENTS_PER_TWIN === 1 ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const content = told.payload ?? rendered(object.family, object.facts, generation)
      const data = {
        object: content,
        ...(isHash(told.previous) ? { previous_attributes: told.previous } : {}),
      }
      events.push(structuredClone({ ...this.#envelope(told.type, generation), data }))
    }
  }

  #envelope(type: string, generation: Generation): Json {
    const number = this.world.events.length
    // The drawn digits come first and are of one length, so that the order of ids tells nothing of the order of events.
    const drawn = this.#draw(4).toString(36).padStart(7, '0')
    return {
      id: `evt_${drawn}${number.toString(36)}`,
      object: 'event',
      account: this.plan.settings.stripe_user_id,
      api_version: API_VERSIONS[generation],
      created: this.world.clock,
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    }
  }

  /** Draws from the salt of the step, another number for each event and each purpose. */
  #draw(purpose: number): number {
    if (this.world.salt === 0) return 0
    let state =
      (this.world.salt ^
        Math.imul(this.world.events.length + 1, 0x9e3779b1) ^
        Math.imul(purpose, 0x85ebca6b)) >>>
      0
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0
    return (state ^ (state >>> 16)) >>> 0
  }
}

const reaches = (fate: Fate, type: string): boolean =>
  fate === 'seen' || (fate === 'only its deletion' && isTombstone(type))

const isTombstone = (type: string): boolean =>
  ['customer.deleted', 'product.deleted', 'invoice.deleted'].includes(type)
