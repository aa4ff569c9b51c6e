// What a commit owes to receivers outside: one row for each of them, written in the commit's own transaction.
// Guarantee: notices are owed if and only if the change is committed; nobody sees a row before that.
// Without Redis the notices themselves are the queue (`queue.jobs`), and without a socket secret nothing is owed to
// sockets: then no row is written here at all.

import type { AnyBulkWriteOperation, ClientSession, Db } from 'mongodb'
import { type Notice, numberNotices } from '../core/notice.ts'
import type { SinkName } from '../ports/outbox-store.ts'
import type { Commit } from '../ports/pipeline-store.ts'
import type { StoredDocument } from '../unit-of-work/reader.ts'
import { storableOf, toStorable } from './storable.ts'
import { insertAll } from './write-commands.ts'

/** Where notices go, decided by the configuration of the process that commits. */
export interface NoticeTargets {
  /** `redis`: BullMQ's queue, by way of the outbox. `mongodb`: documents in `queue.jobs`. */
  readonly queue: 'redis' | 'mongodb'
  /** True where Support clients are told. */
  readonly sockets: boolean
}

/** Notices go to `queue.jobs` and nowhere else. */
export const queueOnly: NoticeTargets = { queue: 'mongodb', sockets: false }

/** A row of the outbox as it is stored. Its states are written down in `outbox.ts`. */
export interface OutboxDocument {
  readonly _id: string
  readonly stripe_user_id: string
  readonly seq: number
  readonly sink: SinkName
  readonly notices: readonly Notice[]
  /** Message documents and the ids of rooms made in the commit. */
  readonly messages: readonly Readonly<Record<string, unknown>>[]
  readonly rooms_made: readonly unknown[]
  readonly status: 'pending' | 'sent' | 'dead'
  readonly attempts: number
  /** Null: due at once. */
  readonly next_attempt_at: Date | null
  readonly queued_at: Date
  readonly sent_at: Date | null
  readonly expires_at: Date | null
}

/** How long a row for sockets waits for somebody who serves them; the others wait without end. */
const socketPatienceMs = 60 * 60 * 1000

interface Writing {
  readonly session: ClientSession
  readonly expiresAt: Date
  readonly targets: NoticeTargets
}

/** Writes what a commit owes, within its transaction. */
export const insertNotices = async (db: Db, commit: Commit, writing: Writing): Promise<void> => {
  if (commit.notices.length === 0) return
  const { session, targets, expiresAt } = writing
  const notices = numberNotices(commit.notices, {
    account: commit.account,
    seq: commit.seq + 1,
    at: commit.now,
  })
  if (targets.queue === 'mongodb') {
    const jobs = notices.map((notice) => ({ _id: notice.id, ...notice, expires_at: expiresAt }))
    await insertAll('queue.jobs', jobs.map(storableOf), { db, session })
  }
  const rows = outboxRows(commit, notices, targets)
  if (rows.length > 0) await db.collection<OutboxDocument>('billing.outbox').bulkWrite(rows, { session })
}

const outboxRows = (
  commit: Commit,
  notices: readonly Notice[],
  targets: NoticeTargets,
): AnyBulkWriteOperation<OutboxDocument>[] => [
  ...(targets.queue === 'redis' ? [rowFor('queue', commit, { notices, messages: [], rooms_made: [] })] : []),
  ...(targets.sockets ? [rowFor('socket', commit, { notices, ...postedIn(commit) })] : []),
]

type Owed = Pick<OutboxDocument, 'notices' | 'messages' | 'rooms_made'>

const rowFor = (sink: SinkName, commit: Commit, owed: Owed): AnyBulkWriteOperation<OutboxDocument> => {
  const seq = commit.seq + 1
  const row = {
    stripe_user_id: commit.account,
    seq,
    sink,
    status: 'pending',
    attempts: 0,
    next_attempt_at: null,
    sent_at: null,
    ...(toStorable(owed) as Owed), // an object stays an object
  }
  // An upsert because only an update can take the server's time: ages must not hang on the clock of who commits.
  const expires = sink === 'socket' ? { $add: ['$$NOW', socketPatienceMs] } : null
  const times = { queued_at: '$$NOW', expires_at: expires }
  return {
    updateOne: {
      filter: { _id: `${commit.account}-${seq}-${sink}` },
      update: [{ $replaceWith: { $mergeObjects: ['$$ROOT', { $literal: row }, times] } }],
      upsert: true,
    },
  }
}

const postedIn = ({ writes }: Commit): Omit<Owed, 'notices'> => {
  const inserted = (collection: string): readonly StoredDocument[] =>
    writes.flatMap((write) =>
      write.kind === 'insert' && write.collection === collection ? [write.document] : [],
    )
  return {
    messages: inserted('support.messages'),
    rooms_made: inserted('support.rooms').map(({ _id }) => _id),
  }
}
