import type { Json } from './plain-json.ts'
import type { SimulatedAccount, SimulatedObject } from './simulated-account.ts'

/** The numbers that a step gives its operation; each operation reads from them what it needs. */
export interface Choice {
  readonly pick: number
  readonly value: number
}

/** Does something in an account and emits its events; false when nothing there fits. */
export type Operation = (account: SimulatedAccount, choice: Choice) => boolean

/** Returns the option that a number chooses, or undefined among none. */
export const chosen = <Option>(options: readonly Option[], number: number): Option | undefined =>
  options[number % Math.max(1, options.length)]

/** Makes an operation of what is to be done with one of several objects. */
export const onOneOf =
  (
    candidates: (account: SimulatedAccount) => readonly SimulatedObject[],
    act: (account: SimulatedAccount, object: SimulatedObject, choice: Choice) => void,
  ): Operation =>
  (account, choice) => {
    const object = chosen(candidates(account), choice.pick)
    if (object === undefined) return false
    act(account, object, choice)
    return true
  }

// Few keys and values, so that states return; one key has a dot in it, as people's keys do, and some hold what no
// database does: a NUL, and half of a character that was cut.
const METADATA_EDITS: readonly Json[] = [
  { plan: 'basic' },
  { plan: 'gold' },
  { plan: null },
  { note: 'first' },
  { note: null },
  { 'tier.x': 'one' },
  { 'tier.x': null },
  { plan: 'basic', note: 'second' },
  { 'tier\0': 'two', note: 'cut \uD83D' },
  { 'tier\0': null },
]

/** Returns the metadata after one of the usual edits: a key set or removed. */
export const editedMetadata = (facts: Json, number: number): Json => {
  const current = facts.metadata
  const merged = { ...(typeof current === 'object' ? current : {}), ...chosen(METADATA_EDITS, number) }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}

/** Returns the metadata an object is born with: often none. */
export const firstMetadata = (number: number): Json => editedMetadata({}, number % 2 === 0 ? 2 : number >> 1)

/** Updates an object, and now and then takes the change back in the same second, and does it again. */
export const updateAndMaybeReturn = (
  account: SimulatedAccount,
  object: SimulatedObject,
  { patch, times }: { readonly patch: Json; readonly times: number },
): void => {
  const before = Object.fromEntries(Object.keys(patch).map((key) => [key, object.facts[key]]))
  account.update(object, patch)
  if (times >= 1) account.update(object, before)
  if (times >= 2) account.update(object, patch)
}

/** One in five changes is taken back at once, one in ten is then done again. */
export const returns = (value: number): number => (value % 10 === 9 ? 2 : value % 10 === 8 ? 1 : 0)
