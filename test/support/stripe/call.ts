// A request as endpoints see it.
import type { Generation } from './api-version.ts'
import type { ModeState } from './mode-state.ts'
import type { Params } from './query-string.ts'
import type { ApiKey, World } from './world.ts'

/** Everything that an endpoint knows of a request whose key and account are in order. */
export interface Call {
  readonly world: World
  readonly key: ApiKey
  readonly secret: string
  /** The account that the request is about: the key's own, or the one it acts for. */
  readonly accountId: string
  readonly state: ModeState
  /** The same account in the other mode, of which a 404 may give a hint. */
  readonly otherState: ModeState
  readonly generation: Generation
  readonly path: string
  readonly params: Params
}
