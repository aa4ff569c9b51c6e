// The outbox in MongoDB. Guarantees: rows of one account and sink are handed out in the order of their commits, to one
// process at a time, and never before their commit is durable (majority). All times are the server's. A process that
// dies holds its lane until the lease ends; what it had sent but not marked is sent again, with the same ids.
//
//   pending ──claimed: due again when the lease ends──▶ pending (in work)
//   pending (in work) ──confirmed─────────────────────▶ sent (socket: kept six minutes, for those who reconnect)
//                                                       or gone (queue)
//   pending (in work) ──outage────────────────────────▶ pending, due after a pause, no attempt used
//   pending (in work) ──refused, tries left───────────▶ pending, due after a pause
//   pending (in work) ──refused 14 times──────────────▶ dead: kept for a person, the lane goes on
//
// Only the first pending row of a lane is ever claimed, so its lease holds the whole lane.

import type { Collection, Db, Document } from 'mongodb'
import type {
  Claim,
  Lane,
  OutboxRow,
  OutboxStore,
  PostedMessage,
  SinkName,
  SocketHistory,
} from '../ports/outbox-store.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import type { OutboxDocument } from './outbox-rows.ts'

/** How long a claim holds. A dead process's lane is taken over after this and one sweep. */
const defaultLeaseMs = 30_000

/** Rows of a claim: at 200 notices each they stay within a few megabytes. */
const rowsPerClaim = 20

/** Commits of one account that are compared at once with those told. */
const commitsPerLook = 1_000

/** How far back those who reconnect are told, and how long rows stay for it. */
const historyMs = 5 * 60_000
const sentRowsKeptMs = 6 * 60_000

// A lease or a mark that a failover undoes makes a row be sent twice, which receivers recognise.
const cheap = { writeConcern: { w: 1 } } as const

type ReadRow = OutboxDocument & { readonly age_ms: number }

/**
 * Hands out and settles rows of the outbox; a claim is one write, of the first of its rows. Throws
 * `mongodb_unavailable`.
 */
export class MongoOutbox implements OutboxStore, SocketHistory {
  readonly #db: Db
  readonly #leaseMs: number
  readonly #rows: Collection<OutboxDocument>

  constructor(db: Db, { leaseMs = defaultLeaseMs }: { readonly leaseMs?: number } = {}) {
    this.#db = db
    this.#leaseMs = leaseMs
    this.#rows = db.collection<OutboxDocument>('billing.outbox')
  }

  waitingAccounts(sink: SinkName): Promise<readonly string[]> {
    return translateMongoErrors(() => this.#rows.distinct('stripe_user_id', { status: 'pending', sink }))
  }

  claim({ sink, account }: Lane): Promise<Claim | null> {
    return translateMongoErrors(async () => {
      for (let after = 0; ; ) {
        const waiting = { status: 'pending', sink, stripe_user_id: account, seq: { $gt: after } }
        const [first, ...others] = await this.#read(waiting)
        if (first === undefined) return null
        const rows = [first, ...others] as const
        const lease = await this.#lease(first)
        if (lease !== null) return { rows, lease }
        const settled = await this.#lastSettled(rows)
        if (settled === null) return null
        after = settled
      }
    })
  }

  async #lease({ id }: OutboxRow): Promise<Date | null> {
    const claimed = await this.#rows.findOneAndUpdate(
      { _id: id, status: 'pending', $expr: { $lte: ['$next_attempt_at', '$$NOW'] } },
      [{ $set: { next_attempt_at: { $add: ['$$NOW', this.#leaseMs] } } }],
      { ...cheap, returnDocument: 'after', projection: { next_attempt_at: 1 } },
    )
    return claimed?.next_attempt_at ?? null
  }

  // What a majority holds shows rows that wait though they were settled a moment ago: to stop at them would leave the lane
  // until the next sweep (measured: 400 rows took 17 s). Rows are settled in their order.
  async #lastSettled(rows: readonly OutboxRow[]): Promise<number | null> {
    const filter = { _id: { $in: rows.map(({ id }) => id) }, status: 'pending' } as const
    const waiting = await this.#rows.find(filter, { projection: { _id: 1 } }).toArray()
    const ids = new Set(waiting.map(({ _id }) => _id))
    return rows.findLast(({ id }) => !ids.has(id))?.seq ?? null
  }

  async settle({ sink }: Lane, rows: readonly OutboxRow[]): Promise<void> {
    const filter = { _id: { $in: rows.map(({ id }) => id) } }
    const expires_at = { $add: ['$$NOW', sentRowsKeptMs] }
    const sent = [{ $set: { status: 'sent', sent_at: '$$NOW', expires_at } }]
    await translateMongoErrors(
      (): Promise<unknown> =>
        sink === 'queue' ? this.#rows.deleteMany(filter, cheap) : this.#rows.updateMany(filter, sent, cheap),
    )
  }

  async postpone(
    claim: Claim,
    { pauseMs, attempts }: { readonly pauseMs: number; readonly attempts: number },
  ): Promise<void> {
    await this.#changeClaimed(claim, { attempts, next_attempt_at: { $add: ['$$NOW', pauseMs] } })
  }

  async bury(claim: Claim, attempts: number): Promise<void> {
    await this.#changeClaimed(claim, { attempts, status: 'dead' })
  }

  lastSent(account: string): Promise<number> {
    return translateMongoErrors(async () => {
      const lane = { sink: 'socket', stripe_user_id: account } as const
      const options = { projection: { seq: 1 }, sort: { seq: 1 } } as const
      const next = await this.#rows.findOne({ status: 'pending', ...lane }, options)
      return next === null ? this.lastCommit(account) : next.seq - 1
    })
  }

  lastCommit(account: string): Promise<number> {
    return translateMongoErrors(async () => {
      const accounts = this.#db.collection<{ _id: string; seq: number }>('billing.accounts')
      const row = await accounts.findOne({ _id: account }, { projection: { seq: 1 } })
      return row?.seq ?? 0
    })
  }

  // A row that is being sent right now may reach a client before it is marked, and the client may come in between.
  rowsFrom(account: string, seq: number): Promise<readonly OutboxRow[]> {
    const lane = { sink: 'socket', stripe_user_id: account, seq: { $gte: seq } }
    const recent = { $gte: ['$queued_at', { $subtract: ['$$NOW', historyMs] }] }
    return translateMongoErrors(() =>
      this.#read({ status: { $in: ['pending', 'sent'] }, ...lane, $expr: recent }),
    )
  }

  // Answered out of the index alone.
  sentAfter(account: string, seq: number): Promise<readonly number[]> {
    const filter = { status: 'sent', sink: 'socket', stripe_user_id: account, seq: { $gt: seq } } as const
    return translateMongoErrors(() =>
      this.#rows
        .find(filter, { projection: { _id: 0, seq: 1 }, sort: { seq: 1 }, limit: commitsPerLook })
        .map((row) => row.seq)
        .toArray(),
    )
  }

  async #read(filter: Document): Promise<readonly OutboxRow[]> {
    const rows = await this.#rows
      .find<ReadRow>(filter, { readConcern: { level: 'majority' } })
      .sort({ seq: 1 })
      .limit(rowsPerClaim)
      .project<ReadRow>({
        ...Object.fromEntries(readFields.map((field) => [field, 1])),
        age_ms: { $subtract: ['$$NOW', '$queued_at'] },
      })
      .toArray()
    const contacts = await this.#contactsOf(rows.flatMap(({ messages }) => messages))
    return rows.map((row) => outboxRowOf(row, contacts))
  }

  // A message does not name its contact, its conversation does.
  async #contactsOf(messages: readonly Document[]): Promise<ReadonlyMap<string, unknown>> {
    if (messages.length === 0) return new Map()
    const ids = messages.map(({ conversation_id }) => conversation_id)
    const conversations = await this.#db
      .collection('support.conversations')
      .find({ _id: { $in: ids } }, { projection: { contact_id: 1 } })
      .toArray()
    return new Map(conversations.map(({ _id, contact_id }) => [String(_id), contact_id]))
  }

  async #changeClaimed({ rows: [first], lease }: Claim, changes: Document): Promise<void> {
    const filter = { _id: first.id, status: 'pending', next_attempt_at: lease } as const
    await translateMongoErrors(() => this.#rows.updateOne(filter, [{ $set: changes }], cheap))
  }
}

const readFields = ['stripe_user_id', 'seq', 'notices', 'messages', 'rooms_made', 'attempts'] as const

const outboxRowOf = (row: ReadRow, contacts: ReadonlyMap<string, unknown>): OutboxRow => {
  const roomsMade = new Set(row.rooms_made.map(String))
  return {
    id: row._id,
    account: row.stripe_user_id,
    seq: row.seq,
    notices: row.notices,
    messages: row.messages.map(
      (message): PostedMessage => ({
        message,
        contact_id: contacts.get(String(message.conversation_id)) ?? null,
        // The first message in a room comes with its making.
        room_made: roomsMade.delete(String(message.room_id)),
      }),
    ),
    attempts: row.attempts,
    ageMs: row.age_ms,
  }
}
