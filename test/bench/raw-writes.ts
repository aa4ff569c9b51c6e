// What the plain driver reaches with the very documents that a replay has left: the measure of what is possible. Its
// transactions do what every batch of events has to (read the documents, write them, add notices, settle the inbox)
// without a parse, a fold or a handler; a document is written as it is at the end each time an event is about it.

import { type Collection, type Db, type Document, MongoClient } from 'mongodb'
import { ensureCollections } from '../../src/store/collections.ts'
import { serverCpu } from './server-cpu.ts'

/** Events of one transaction, about as many as a batch of the replay has. */
const eventsPerBatch = 320

/** Batches under way at once: on two cores more gain nothing. */
const callers = 3

/** What the replay itself asks for. */
export const writeConcern = { w: 'majority', journal: true } as const

/** Documents by collection. */
type Documents = ReadonlyMap<string, readonly Document[]>

/** What one batch of an account's events writes. */
export interface RawBatch {
  /** What its events are about: read first, then written whether it was there or not. */
  readonly mirrored: Documents
  /** What is only ever added: the events themselves, and what follows from them. */
  readonly added: Documents
}

/** Deals a replayed database out into batches of events; the accounts take turns, each in order of time. */
export const readBatches = async (db: Db): Promise<readonly RawBatch[]> => {
  const accounts = await db.collection<{ _id: string }>('billing.accounts').distinct('_id')
  const ofAccounts = await Promise.all(accounts.map((account) => batchesOf(db, account)))
  const turns = Math.max(...ofAccounts.map(({ length }) => length))
  return Array.from({ length: turns }, (_, turn) =>
    ofAccounts.flatMap((batches) => batches[turn] ?? []),
  ).flat()
}

const batchesOf = async (db: Db, account: string): Promise<readonly RawBatch[]> => {
  const contents = await documentsOf(db, account)
  const events = [...(contents.get('billing.events') ?? [])].sort((one, other) => one.created - other.created)
  const mirrored = [...contents].filter(([name]) => /^billing\.(?!events)/.test(name))
  const added = [...contents].filter(([name]) => !name.startsWith('billing.'))
  const count = Math.ceil(events.length / eventsPerBatch)
  return Array.from({ length: count }, (_, index) => {
    const own = shareOf(events, index, count)
    const ids = new Set([account, ...own.map((event) => `${account}:${objectIdOf(event)}`)])
    const writes = mirrored.map(([name, all]) => [name, all.filter(({ _id }) => ids.has(_id))] as const)
    const adds = added.map(([name, all]) => [name, shareOf(all, index, count)] as const)
    return { mirrored: filled(writes), added: filled([['billing.events', own], ...adds]) }
  })
}

const documentsOf = async (db: Db, account: string): Promise<Documents> => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  const read = collections.map(async ({ name }) => {
    const documents = db.collection(name).find({ stripe_user_id: account }, { promoteBuffers: true })
    return [name, await documents.toArray()] as const
  })
  return new Map(await Promise.all(read))
}

const shareOf = (all: readonly Document[], index: number, count: number): readonly Document[] =>
  all.slice(Math.round((index * all.length) / count), Math.round(((index + 1) * all.length) / count))

const filled = (shares: readonly (readonly [string, readonly Document[]])[]): Documents =>
  new Map(shares.filter(([, documents]) => documents.length > 0))

const objectIdOf = ({ payload }: Document): string => JSON.parse(String(payload)).data.object.id

/** How one batch is written. */
export type RawWriter = (client: MongoClient, db: Db, batch: RawBatch) => Promise<void>

/** Writes a batch in one transaction, having read what it replaces. */
export const writeInTransaction: RawWriter = async (client, db, { mirrored, added }) => {
  await client.withSession((session) =>
    session.withTransaction(
      async () => {
        for (const [name, documents] of mirrored) {
          const ids = documents.map(({ _id }) => _id)
          await db
            .collection(name)
            .find({ _id: { $in: ids } }, { session })
            .toArray()
          await db.collection(name).bulkWrite(documents.map(upsertOf), { session, ordered: false })
        }
        for (const [name, documents] of added)
          await db.collection(name).insertMany([...documents], { session, ordered: false })
      },
      { writeConcern },
    ),
  )
}

/** Upserts a batch by bulk writes, one per collection and each on its own. */
export const upsertInBulk: RawWriter = async (_client, db, { mirrored, added }) => {
  for (const [name, documents] of [...mirrored, ...added]) await upsertAll(db.collection(name), documents)
}

const upsertAll = (collection: Collection, documents: readonly Document[]) =>
  collection.bulkWrite(documents.map(upsertOf), { ordered: false, writeConcern })

const upsertOf = (document: Document) => ({
  replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true },
})

/** What writing all batches took. */
export interface RawRun {
  readonly ms: number
  readonly cpuMs: number
  readonly serverCpuMs: number | null
}

/** Writes all batches into a fresh database with the product's indexes. */
export const measureRaw = async (
  uri: string,
  batches: readonly RawBatch[],
  write: RawWriter,
): Promise<RawRun> => {
  const client = new MongoClient(uri, { writeConcern })
  const db = client.db()
  try {
    await ensureCollections(db)
    const [server, cpu, started] = [await serverCpu(client), process.cpuUsage(), performance.now()]
    const waiting = batches.values()
    await Promise.all(
      Array.from({ length: callers }, async () => {
        for (const batch of waiting) await write(client, db, batch)
      }),
    )
    const ms = performance.now() - started
    const { user, system } = process.cpuUsage(cpu)
    return { ms, cpuMs: (user + system) / 1000, serverCpuMs: server.since() }
  } finally {
    await db.dropDatabase()
    await client.close()
  }
}
