// What invoices inherit of their subscriptions, read without the rest: of 3.5 KB they need a few fields. Guarantee: as the
// subscriptions are after everything that the batch has put so far; whoever puts one has read it before (handlers/project.ts).

import DataLoader from 'dataloader'
import { lentMetadata } from '../core/canonical.ts'
import type { JsonObject } from '../core/json.ts'
import type { Projection } from '../core/projection.ts'
import { loaderOptions, type Overlay, type Soon } from './overlay.ts'

/** Answers by subscription what is stored of its `lentMetadata`. */
export type ReadLentMetadata = (ids: readonly string[]) => Promise<ReadonlyMap<string, JsonObject | null>>

/** Answers what subscriptions lend their invoices, each read once. */
export class LentMetadata {
  readonly #subscriptions: Overlay<Projection>
  readonly #read = new Map<string, JsonObject | null>()
  readonly #loader: DataLoader<string, null>

  constructor(subscriptions: Overlay<Projection>, read: ReadLentMetadata) {
    this.#subscriptions = subscriptions
    this.#loader = new DataLoader(async (ids) => {
      // One that is asked for in the same turn comes whole.
      const whole = ids.filter((id) => subscriptions.isAskedFor(id))
      const others = ids.filter((id) => !subscriptions.isAskedFor(id))
      const [found] = await Promise.all([
        others.length === 0 ? new Map<string, null>() : read(others),
        subscriptions.load(whole),
      ])
      for (const id of others) this.#read.set(id, found.get(id) ?? null)
      return ids.map(() => null)
    }, loaderOptions)
  }

  /** Returns the subscription's `lentMetadata`; null also where none is stored. */
  get(id: string): Soon<JsonObject | null> {
    const subscription = this.#subscriptions.known(id)
    if (subscription !== undefined) return lentMetadata(subscription)
    const read = this.#read.get(id)
    return read === undefined ? this.#loader.load(id).then(() => this.get(id)) : read
  }

  /** Reads what later calls will ask for. */
  load(ids: readonly string[]): Promise<unknown> {
    return Promise.all(ids.map((id) => this.get(id)))
  }
}
