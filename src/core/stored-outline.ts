// A stored object as it is held against a list that ought to show it.

/** A stored object in outline. */
export interface StoredOutline {
  readonly id: string
  /** When its document was first written, and last. */
  readonly firstWrittenAt: Date
  readonly writtenAt: Date
  /** When its object was last told of, by Stripe's clock; null where nobody has told what is in it. */
  readonly asOf: Date | null
  /** True for a tombstone. */
  readonly isDeleted: boolean
  /** True where it belongs to a test clock: lists leave such objects out. */
  readonly isOnTestClock: boolean
}
