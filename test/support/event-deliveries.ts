// Delivers events written by hand, or read from fixtures, to the pipeline over a store in memory, and shows what
// came of them as a person would ask for it.

import type { Json } from '../../src/core/json.ts'
import type { Currency } from '../../src/core/money.ts'
import type { NoticeDraft } from '../../src/core/notice.ts'
import { parseStripeEvent } from '../../src/core/stripe-event.ts'
import { type CommittedBatch, type PipelineOptions, runBatch } from '../../src/pipeline/pipeline.ts'
import type { Commit, InboxEntry, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { account } from '../oracle/hand-written.ts'
import type { AccountSettings } from '../oracle/history.ts'
import { MemoryStore } from './memory-store.ts'

type Document = Readonly<Record<string, unknown>>

export interface Circumstances extends Partial<PipelineOptions> {
  /** One account that makes contacts and posts messages, unless told otherwise. */
  readonly accounts?: readonly AccountSettings[]
  /** Documents that others made before, by collection. */
  readonly documents?: Readonly<Record<string, readonly Record<string, unknown>[]>>
  readonly currencies?: readonly Currency[]
  /** True where every account's events wait until the config lists it. */
  readonly parked?: boolean
}

/** The time of every commit, unless told otherwise. */
export const commitTime = new Date('2026-01-01T00:00:00Z')

const dollar: Currency = { code: 'USD', symbol: '$', exponent: 2 }

export class EventDeliveries {
  /** Every commit that went through, in order. */
  readonly commits: Commit[] = []
  readonly options: PipelineOptions
  readonly #memory: MemoryStore

  constructor({ accounts, documents, currencies, parked, ...options }: Circumstances = {}) {
    this.#memory = new MemoryStore(accounts ?? [account()], documents)
    this.options = {
      store: this.#storeWith(currencies ?? [dollar], parked ?? false),
      source: 'replay',
      effects: 'missing',
      livemode: null,
      now: () => commitTime,
      random: () => 0.5,
      ...options,
    }
  }

  /** Delivers events of one account as one batch and returns their outcomes in order. */
  async deliver(...events: readonly unknown[]): Promise<readonly string[]> {
    if (events.length === 0) return []
    const { outcomes } = await this.run(events.map((event) => inboxEntry(event)))
    return outcomes.map(({ outcome, failure }) => (failure === null ? outcome : `failed: ${failure.code}`))
  }

  /** Delivers each event as a batch of its own and returns their outcomes in order. */
  async deliverEach(...events: readonly unknown[]): Promise<readonly string[]> {
    const outcomes: string[] = []
    for (const event of events) outcomes.push(...(await this.deliver(event)))
    return outcomes
  }

  /** Runs inbox entries of one account as one batch. */
  async run(entries: readonly InboxEntry[]): Promise<CommittedBatch> {
    const accounts = new Set(entries.map(({ event }) => event.account ?? 'platform'))
    const [only] = accounts
    if (only === undefined || accounts.size > 1) throw new TypeError('a batch is of one account')
    const committed = await runBatch(only, entries, this.options)
    if (committed === null) throw new TypeError('nobody else writes here, so no commit can be lost')
    return committed
  }

  /** Returns the documents of a collection. */
  documents(collection: string): readonly Document[] {
    return this.#memory.dump()[collection] ?? []
  }

  /** Returns the one document of a collection; throws where there are none or several. */
  only(collection: string): Document {
    const [first, ...others] = this.documents(collection)
    if (first === undefined || others.length > 0)
      throw new TypeError(`${collection} holds ${this.documents(collection).length} documents`)
    return first
  }

  /** Returns an object's document; throws where there is none. */
  object(collection: string, stripeId: string, stripeUserId = 'acct_1'): Document {
    const found = this.documents(collection).find(
      (document) => document.stripe_id === stripeId && document.stripe_user_id === stripeUserId,
    )
    if (found === undefined) throw new TypeError(`${collection} holds no ${stripeId} of ${stripeUserId}`)
    return found
  }

  /** The notices of the last commit. */
  get lastNotices(): readonly NoticeDraft[] {
    return this.commits.at(-1)?.notices ?? []
  }

  #storeWith(currencies: readonly Currency[], parked: boolean): PipelineStore {
    const rows = new Map(currencies.map((currency) => [currency.code, { _id: currency.code, ...currency }]))
    return {
      openAccount: async (id) => {
        const opened = await this.#memory.openAccount(id)
        const { reader } = opened
        return {
          ...opened,
          parked,
          reader: {
            byDocumentIds: (collection, ids, fields) => reader.byDocumentIds(collection, ids, fields),
            byField: (lookup, values) => reader.byField(lookup, values),
            idsByField: (lookup, values) => reader.idsByField(lookup, values),
            currency: async (code) => rows.get(code) ?? null,
          },
        }
      },
      commit: async (commit) => {
        const committed = await this.#memory.commit(commit)
        if (committed) this.commits.push(commit)
        return committed
      },
    }
  }
}

/** Returns an event as a row of the inbox that nobody has handled yet, unless told otherwise. */
export const inboxEntry = (event: unknown, told: Partial<InboxEntry> = {}): InboxEntry => {
  const parsed = parseStripeEvent(event as Json) // events of tests are JSON
  if (!('event' in parsed)) throw new TypeError(`the test tells no event: ${parsed.problem}`)
  const rowId = `${parsed.event.account ?? 'platform'}:${parsed.event.id}`
  return { rowId, event: parsed.event, state: { status: 'pending', attempts: 0 }, ...told }
}
