// Puts a history together from events in their true order: counts them, and tells its traits and what is undetermined.
import {
  type AccountSettings,
  type History,
  type HistoryTraits,
  hasContent,
  isCreation,
  isDeletion,
  isPaidEvent,
  type OracleEvent,
  objectKey,
  type SeenEvent,
  seenEvents,
  subscriptionOfInvoice,
} from './history.ts'
import { canonicalText, type Json, textAt } from './plain-json.ts'
import { undeterminedObjects } from './undetermined.ts'

export interface HistorySource {
  readonly accounts: readonly AccountSettings[]
  readonly preexisting?: History['preexisting']
  /** Stripe events in the order in which they happened. */
  readonly events: readonly Json[]
}

/** Returns the history of these events; `undetermined` and `traits` come from the events alone. */
export const historyOf = ({ accounts, preexisting = {}, events }: HistorySource): History => {
  const numbered: readonly OracleEvent[] = events.map((event, order) => ({ event, order }))
  const seen = seenEvents(numbered)
  const traits = traitsOf(seen, (preexisting['crm.contacts'] ?? []).length > 0)
  return { accounts, preexisting, events: numbered, traits, undetermined: undeterminedObjects(seen) }
}

const traitsOf = (events: readonly SeenEvent[], hasPreexistingContact: boolean): HistoryTraits => {
  const lives = livesOf(events)
  const isSeen = (account: string, id: string): boolean => lives.has(objectKey(account, id))
  return {
    hasTie: [...lives.values()].some(
      (life) => new Set(life.map((event) => event.created)).size < life.length,
    ),
    hasTombstone: events.some(isDeletion),
    hasReturn: [...lives.values()].some(returnsToAFormerState),
    hasRecreation: [...lives.values()].some((life) => life.slice(1).some(isCreation)),
    hasPaidInvoice: events.some(isPaidEvent),
    hasMissingRelative: events.some((event) =>
      relativesOf(event.object).some((id) => !isSeen(event.account, id)),
    ),
    hasInheritedMetadata: events.some(
      ({ object }) => object.object === 'invoice' && subscriptionOfInvoice(object) !== null,
    ),
    hasPreexistingContact,
    hasTwoEventsOfOneChange: [...lives.values()].some(tellsOneChangeTwice),
    mixedGenerations: mixesGenerations(events),
  }
}

const livesOf = (events: readonly SeenEvent[]): ReadonlyMap<string, readonly SeenEvent[]> => {
  const lives = new Map<string, SeenEvent[]>()
  for (const event of events) {
    const key = objectKey(event.account, event.objectId)
    lives.set(key, [...(lives.get(key) ?? []), event])
  }
  return lives
}

/** Returns the ids that a payload names as its relatives. */
export const relativesOf = (object: Json): readonly string[] => {
  const links = [...['customer', 'invoice', 'charge', 'latest_invoice'].map((link) => textAt(object, link))]
  return [...links, subscriptionOfInvoice(object)].filter((id) => id !== null)
}

const returnsToAFormerState = (life: readonly SeenEvent[]): boolean => {
  const states = life.filter((event) => hasContent(event.object)).map((event) => canonicalText(event.object))
  const changes = states.filter((state, index) => state !== states[index - 1])
  return new Set(changes).size < changes.length
}

const tellsOneChangeTwice = (life: readonly SeenEvent[]): boolean => {
  const told = life.map(({ type, object, previous, created }) =>
    canonicalText([type, object, previous, created]),
  )
  return new Set(told).size < told.length
}

const mixesGenerations = (events: readonly SeenEvent[]): boolean => {
  const versions = new Map<string, Set<string>>()
  for (const { account, apiVersion } of events) {
    versions.set(account, (versions.get(account) ?? new Set()).add(apiVersion))
  }
  return [...versions.values()].some((seen) => seen.size > 1)
}
