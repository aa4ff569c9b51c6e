// Embedded lists that Stripe cuts at ten entries. Guarantee: the newest complete list ever seen wins over any cut
// one, even out of a stale event; among complete lists of one moment the greatest (rank, id) is kept.

import { type ContentRegister, idOf } from './content-register.ts'
import { isJsonObject, type JsonObject, own, ownObject } from './json.ts'
import { objectKinds } from './object-kinds.ts'
import type { Moment, Observation } from './observation.ts'

/** A complete list and the observation that showed it. */
export interface CompleteList {
  readonly moment: Moment
  readonly rank: number
  readonly id: string
  readonly value: JsonObject
}

/** Per list name; only where no observation of the content's own moment shows the list complete. */
export type ListRegisters = Readonly<Record<string, CompleteList>>

interface Before {
  readonly kind: Observation['kind']
  readonly content: ContentRegister | null
  readonly lists: ListRegisters
}

/** Returns the registers after `seen` has been folded into `content`. */
export const foldLists = (
  before: Before,
  content: ContentRegister | null,
  seen: Observation,
): ListRegisters => {
  // Of what is seen for the first time no list is known but the content's own.
  if (content === null || before.content === null) return before.lists
  const lists: Record<string, CompleteList> = {}
  for (const name of objectKinds[before.kind].lists) {
    const kept = foldList(name, { before, content, seen })
    if (kept !== null) lists[name] = kept
  }
  return lists
}

/** Returns the list as the projection shows it: the content's own when complete, else the newest complete one. */
export const shownList = (name: string, content: JsonObject, lists: ListRegisters): JsonObject | null => {
  const list = ownObject(content, name)
  return list !== null && isCut(list) ? (lists[name]?.value ?? list) : list
}

/** Returns the names of lists that the content holds cut: what is shown is cut, or older than its object. */
export const incompleteLists = (kind: Observation['kind'], content: JsonObject): readonly string[] =>
  objectKinds[kind].lists.filter((name) => {
    const list = ownObject(content, name)
    return list !== null && isCut(list)
  })

interface Fold {
  readonly before: Before
  readonly content: ContentRegister
  readonly seen: Observation
}

const foldList = (name: string, { before, content, seen }: Fold): CompleteList | null => {
  if (isComplete(own(content.winner.content, name))) return null
  const candidates = [
    before.lists[name],
    ...topLists(name, before.content),
    ...topLists(name, content),
    seen.content === null ? undefined : completeListOf(name, seen.content, { ...seen, id: idOf(seen) }),
  ].filter((list) => list !== undefined)
  return candidates.reduce<CompleteList | null>(
    (last, list) => (last === null || isNewer(list, last) ? list : last),
    null,
  )
}

const topLists = (name: string, register: ContentRegister | null): readonly (CompleteList | undefined)[] =>
  register === null
    ? []
    : register.top.map((entry) => completeListOf(name, entry.content, { ...entry, moment: register.moment }))

const completeListOf = (
  name: string,
  content: JsonObject,
  { moment, rank, id }: Pick<CompleteList, 'moment' | 'rank' | 'id'>,
): CompleteList | undefined => {
  const value = own(content, name)
  return isComplete(value) ? { moment, rank, id, value } : undefined
}

const isComplete = (value: unknown): value is JsonObject => isJsonObject(value) && !isCut(value)

const isCut = (list: JsonObject): boolean => own(list, 'has_more') === true

const isNewer = (list: CompleteList, than: CompleteList): boolean => {
  if (list.moment !== than.moment) return list.moment > than.moment
  return list.rank !== than.rank ? list.rank > than.rank : list.id > than.id
}
