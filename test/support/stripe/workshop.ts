// What objects are made with: the surroundings that a template can't make up itself.
import type { ModeState } from './mode-state.ts'

/** Where an object is made: the state it may look into, and what it can't make up itself. */
export interface Workshop {
  readonly state: ModeState
  readonly accountId: string
  readonly livemode: boolean
  readonly now: () => number
  readonly newId: (prefix: string) => string
}
