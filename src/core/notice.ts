// A notice: one document changed in one commit. Written with the change itself, told to the queue and the sockets.

/** What a notice is about: the collection's noun and what became of the document. */
export type NoticeKind = `${string}.${'created' | 'updated' | 'deleted'}`

export interface Notice {
  /** `<account>-<seq>-<n>`: unique, ordered within the account, the receiver's de-duplication key. */
  readonly id: string
  readonly kind: NoticeKind
  readonly stripe_user_id: string
  readonly collection: string
  readonly stripe_id: string | null
  readonly event_id: string | null
  readonly at: Date
}

/** A notice before its commit gives it a number. */
export type NoticeDraft = Pick<Notice, 'kind' | 'collection' | 'stripe_id' | 'event_id'>

/** Returns the notices of one commit, numbered by its place in the account's sequence of commits. */
export const numberNotices = (
  drafts: readonly NoticeDraft[],
  commit: { readonly account: string; readonly seq: number; readonly at: Date },
): readonly Notice[] =>
  drafts.map((draft, index) => ({
    id: `${commit.account}-${commit.seq}-${index + 1}`,
    stripe_user_id: commit.account,
    at: commit.at,
    ...draft,
  }))
