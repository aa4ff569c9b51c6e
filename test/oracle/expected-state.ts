// What must be stored at the end: each event of the history once, in its true order, by plain in-order rules.
import { type ComparableState, comparableState } from './comparable-state.ts'
import { type DeskDocuments, type Effects, ExpectedDesk } from './expected-desk.ts'
import { expectedProjections } from './expected-projections.ts'
import { type History, seenEvents } from './history.ts'
import { MirroredObjects } from './mirrored-objects.ts'
import { type Json, withEscapes } from './plain-json.ts'

export interface ExpectedStateOptions {
  /** `none`: no message, and no room or conversation for one; contacts are made either way. */
  readonly effects: Effects
}

/** Returns the comparable state in which every delivery of this history must end. */
export const expectedState = (history: History, options: ExpectedStateOptions): ComparableState =>
  comparableState(expectedCollections(history, options), {
    mixedGenerations: history.traits.mixedGenerations,
  })

/** Returns the same as documents, by collection, with ids of the oracle's own. */
export const expectedCollections = (
  history: History,
  { effects }: ExpectedStateOptions,
): Record<string, readonly Json[]> => {
  const mirror = new MirroredObjects()
  const preexisting = deskDocuments(history.preexisting)
  const desks = new Map(
    history.accounts.map((settings) => [
      settings.stripe_user_id,
      new ExpectedDesk(settings, mirror, preexisting, effects),
    ]),
  )
  for (const event of seenEvents(history.events)) {
    const object = mirror.apply(event)
    desks.get(event.account)?.serve(event, object)
  }
  const documents = [...desks.values()].map((desk) => desk.documents())
  return asStored({
    ...expectedProjections(mirror),
    'crm.contacts': documents.flatMap((of) => of.contacts),
    'support.conversations': documents.flatMap((of) => of.conversations),
    'support.rooms': documents.flatMap((of) => of.rooms),
    'support.messages': documents.flatMap((of) => of.messages),
  })
}

const asStored = (collections: Record<string, readonly Json[]>): Record<string, readonly Json[]> =>
  Object.fromEntries(
    Object.entries(collections).map(([name, documents]) => [
      name,
      documents.map((document) => withEscapes(document) as Json),
    ]),
  )

const deskDocuments = (collections: History['preexisting']): DeskDocuments => ({
  contacts: collections['crm.contacts'] ?? [],
  conversations: collections['support.conversations'] ?? [],
  rooms: collections['support.rooms'] ?? [],
  messages: collections['support.messages'] ?? [],
})
