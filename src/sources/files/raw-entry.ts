// One entry of an input before anybody looked into it.

/** Largest event kept: its bytes must fit into one document of the inbox beside the row's other fields. */
export const largestEntryBytes = 15 * 1024 * 1024

export type RawEntry =
  | { readonly ordinal: number; readonly bytes: Buffer }
  /** What stands in the entry's place, for people. */
  | { readonly ordinal: number; readonly problem: string }

/** Returns the entry, or its problem where it is too large to be kept. */
export const rawEntry = (ordinal: number, bytes: Buffer): RawEntry =>
  bytes.length <= largestEntryBytes ? { ordinal, bytes } : { ordinal, problem: 'it is larger than 15 MiB' }
