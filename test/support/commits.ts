// Commits changes as the pipeline does, and tells the ids of the notices that they owe.

import type { Db, MongoClient } from 'mongodb'
import type { Commit } from '../../src/ports/pipeline-store.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { commitBatch } from '../../src/store/commit-batch.ts'
import type { NoticeTargets } from '../../src/store/outbox-rows.ts'
import type { Write } from '../../src/unit-of-work/change-set.ts'

export interface Committer {
  readonly client: MongoClient
  readonly db: Db
  readonly targets: NoticeTargets
}

export interface Changes extends Partial<Pick<Commit, 'seq'>> {
  /** Number of charges that change. */
  readonly charges?: number
  readonly writes?: readonly Write[]
}

/** Commits changes to an account's charges; returns the ids of their notices, none where the commit was refused. */
export const commitChanges = async (
  { client, db, targets }: Committer,
  account: string,
  { charges = 1, writes = [], seq }: Changes = {},
): Promise<readonly string[]> => {
  const opened = await openAccountRow(db, account)
  const commit: Commit = {
    account,
    seq: seq ?? opened.seq,
    now: new Date(),
    writes,
    notices: Array.from({ length: charges }, (_, index) => ({
      kind: 'charge.updated',
      collection: 'billing.charges',
      stripe_id: `ch_${index + 1}`,
      event_id: `evt_${opened.seq + 1}`,
    })),
    settlements: [],
  }
  const committed = await commitBatch(commit, { client, db, retentionMs: 60_000, targets })
  return committed ? commit.notices.map((_, index) => `${account}-${opened.seq + 1}-${index + 1}`) : []
}

/** Returns the writes of a message to a contact whose conversation and room are new. */
export const postedMessage = (account: string, contact: string): readonly Write[] => {
  const conversation = { _id: `${account}:${contact}`, stripe_user_id: account, contact_id: contact }
  const room = { ...conversation, _id: `${account}:room:${contact}`, conversation_id: conversation._id }
  const message = {
    _id: `${account}:message:${contact}`,
    stripe_user_id: account,
    conversation_id: conversation._id,
    room_id: room._id,
    type: 'system',
    body: 'Payment of $12.00 received for invoice A-1',
    created_at: new Date('2026-01-01T00:00:00Z'),
  }
  return [
    { kind: 'insert', collection: 'support.conversations', document: conversation },
    { kind: 'insert', collection: 'support.rooms', document: room },
    { kind: 'insert', collection: 'support.messages', document: message },
  ]
}
