// One entry of an input before anybody looked into it.

/** Largest event kept: its bytes must fit into one document of the inbox beside the row's other fields. */
export const largestEntryBytes = 15 * 1024 * 1024

/** An entry that can't be looked into: it is no JSON, or MongoDB could not hold its bytes. */
export interface BrokenEntry {
  readonly ordinal: number
  readonly code: 'event_invalid' | 'payload_unstorable'
  /** What stands in the entry's place, for people. */
  readonly problem: string
}

export type RawEntry = { readonly ordinal: number; readonly bytes: Buffer } | BrokenEntry

/** Returns the entry, or its problem where it is too large to be kept. */
export const rawEntry = (ordinal: number, bytes: Buffer): RawEntry =>
  bytes.length <= largestEntryBytes ? { ordinal, bytes } : tooLarge(ordinal)

/** Returns what an entry is that was too large to be kept. */
export const tooLarge = (ordinal: number): BrokenEntry => ({
  ordinal,
  code: 'payload_unstorable',
  problem: 'it is larger than 15 MiB',
})
