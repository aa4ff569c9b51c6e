// One object as the world holds it: its content in the newest shape, and apart from it what only older versions show.
// It is never changed: an update stores another one in its place, so events can point at the state they tell of.
import type { Hash } from './json.ts'
import type { ObjectType } from './object-types.ts'

export interface StoredObject {
  readonly type: ObjectType
  readonly id: string
  readonly created: number
  /** The object as endive renders it, without its sub-list. */
  readonly content: Hash
  /** Fields that only versions before basil have, such as a charge's `invoice`. */
  readonly old: Hash
  /** Whole sub-list: an invoice's lines, a subscription's items. */
  readonly parts: readonly StoredObject[]
  /** A deleted one: no list has it, a retrieve gives the stub. */
  readonly deleted: boolean
  /** JSON rendered already, by the kind of rendering; sound because the object never changes. */
  readonly rendered: Map<string, RenderedJson>
}

/** `revision` is that of the state it was read from; null where the JSON depends on this object alone. */
export interface RenderedJson {
  readonly revision: number | null
  readonly json: string
}
