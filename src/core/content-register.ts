// The content of a projection as a register: of all observations ever made it holds the last one. Guarantees:
// the winner is a function of the set of observations, not of their order of arrival or repetition. To decide
// ties it remembers every observation of the newest moment whole, and fingerprints of those of the
// `rememberedMoments` newest moments before it.

import { fingerprintsOf } from './content-hash.ts'
import { isEqual, type JsonObject } from './json.ts'
import type { Moment, Observation, ObservationSource } from './observation.ts'
import { lastOfTie, nothing, type TieEntry } from './tie.ts'

/** One observation of the newest moment. */
export interface TopEntry {
  readonly id: string
  readonly rank: number
  readonly creates: boolean
  readonly previous: JsonObject | null
  readonly content: JsonObject
  readonly source: ObservationSource
  readonly version: string | null
  readonly livemode: boolean | null
}

/** One observation of an earlier moment, of which only the fingerprints are left. */
export interface PastEntry extends TieEntry {
  readonly moment: Moment
}

export interface ContentRegister {
  readonly moment: Moment
  /** The entry of `top` whose state came last. */
  readonly winner: TopEntry
  readonly top: readonly TopEntry[]
  readonly past: readonly PastEntry[]
}

/** How an observation relates to what the register held before. */
export type Age = 'newer' | 'same_moment' | 'older'

/**
 * How many earlier moments are remembered. Only closed trails (a → b → a within one second) look further back
 * than the newest moment, one moment for each such second in a row.
 */
const rememberedMoments = 8

/** Returns the register with one more observation of content; an observation that it knows changes nothing. */
export const foldContent = (
  register: ContentRegister | null,
  seen: Observation & { readonly content: JsonObject },
): ContentRegister => {
  const entry = topEntryOf(seen, register?.winner.content)
  if (register === null) return { moment: seen.moment, winner: entry, top: [entry], past: [] }
  if (seen.moment > register.moment) return supersede(register, seen.moment, entry)
  if (seen.moment === register.moment) return joinTop(register, entry)
  return joinPast(register, seen.moment, entry)
}

/** Returns how old an observation is beside the register's newest one. */
export const ageOf = (register: ContentRegister | null, moment: Moment): Age => {
  if (register === null || moment > register.moment) return 'newer'
  return moment === register.moment ? 'same_moment' : 'older'
}

// Of two reads of one second the one sent at the later commit counts: padded, they compare as text.
const readId = (seq: number): string => `${readPrefix}${String(seq).padStart(12, '0')}`
const readPrefix = 'read:'

/** Returns what tells observations of one moment apart: the event's id, or of a read the commit at which it was sent. */
export const idOf = ({ eventId, readSeq }: Pick<Observation, 'eventId' | 'readSeq'>): string =>
  eventId ?? readId(readSeq ?? 0)

/** Returns the id of the event whose state an entry shows, or null for a read. */
export const eventIdOf = ({ id }: TopEntry): string | null => (id.startsWith(readPrefix) ? null : id)

// Content that says what the winner says is the winner's own: whoever asks for a change need not look into it.
const topEntryOf = (
  seen: Observation & { readonly content: JsonObject },
  known: JsonObject | undefined,
): TopEntry => ({
  id: idOf(seen),
  rank: seen.rank,
  creates: seen.creates,
  previous: seen.previous,
  content: known !== undefined && isEqual(known, seen.content) ? known : seen.content,
  source: seen.source,
  version: seen.apiVersion,
  livemode: seen.livemode,
})

const supersede = (register: ContentRegister, moment: Moment, entry: TopEntry): ContentRegister => ({
  moment,
  winner: entry,
  top: [entry],
  past: newestMoments([...register.past, ...register.top.map((old) => tieEntryOf(old, register.moment))]),
})

const joinTop = (register: ContentRegister, entry: TopEntry): ContentRegister =>
  register.top.some(({ id }) => id === entry.id)
    ? register
    : settleTop({ ...register, top: [...register.top, entry] })

const joinPast = (register: ContentRegister, moment: Moment, entry: TopEntry): ContentRegister => {
  if (register.past.some(({ id }) => id === entry.id)) return register
  const past = newestMoments([...register.past, pastEntryOf(entry, moment)])
  return register.top.length === 1 ? { ...register, past } : settleTop({ ...register, past })
}

const settleTop = (register: ContentRegister): ContentRegister => {
  const entries = register.top.map((entry) => ({ ...tieEntryOf(entry, register.moment), entry }))
  return { ...register, winner: lastOfTie(entries, stateBefore(register.past)).entry }
}

/** Fingerprint of the last state among earlier observations, each moment anchored in the one before it. */
const stateBefore = (past: readonly PastEntry[]): string | null => {
  let anchor: string | null = null
  for (const moment of [...new Set(past.map((entry) => entry.moment))].sort((a, b) => a - b)) {
    anchor = lastOfTie(
      past.filter((entry) => entry.moment === moment),
      anchor,
    ).to
  }
  return anchor
}

const pastEntryOf = (entry: TopEntry, moment: Moment): PastEntry => {
  const { to, from } = fingerprintsOf(entry.content, entry.creates ? null : entry.previous)
  const { id, rank } = entry
  if (entry.creates) return { moment, id, rank, from: nothing, to }
  return from === null ? { moment, id, rank, to } : { moment, id, rank, from, to }
}

// The events of one second ask for the same states again with each of them.
const knownEntries = new WeakMap<TopEntry, PastEntry>()

const tieEntryOf = (entry: TopEntry, moment: Moment): PastEntry => {
  const known = knownEntries.get(entry) ?? pastEntryOf(entry, moment)
  knownEntries.set(entry, known)
  return known
}

// The newest moments are kept whole: what is kept is then a function of the set of all observations too.
const newestMoments = (past: readonly PastEntry[]): readonly PastEntry[] => {
  const moments = [...new Set(past.map((entry) => entry.moment))].sort((a, b) => b - a)
  const oldest = moments[rememberedMoments - 1]
  return oldest === undefined ? past : past.filter((entry) => entry.moment >= oldest)
}
