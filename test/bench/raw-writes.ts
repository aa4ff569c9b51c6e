// What the plain driver reaches with the very documents that a replay has left: the measure of what is possible.

import { type Collection, type Db, type Document, MongoClient } from 'mongodb'
import { ensureCollections } from '../../src/store/collections.ts'
import { serverCpu } from './server-cpu.ts'

/** Events whose documents go into one transaction or bulk write, about as many as a batch of the replay has. */
const eventsPerChunk = 320

/** Chunks under way at once: on two cores more gain nothing. */
const callers = 3

/** What the replay itself asks for. */
export const writeConcern = { w: 'majority', journal: true } as const

/** Documents by collection. */
type Chunk = ReadonlyMap<string, readonly Document[]>

/** Reads every document of a replayed database, dealt out into chunks. */
export const readChunks = async (db: Db): Promise<readonly Chunk[]> => {
  const chunkCount = Math.ceil((await db.collection('billing.events').countDocuments()) / eventsPerChunk)
  const chunks = Array.from({ length: chunkCount }, () => new Map<string, Document[]>())
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    if (name === 'currency') continue
    const documents = await db.collection(name).find({}, { promoteBuffers: true }).toArray()
    const share = documents.length / chunkCount
    for (const [index, chunk] of chunks.entries()) {
      const part = documents.slice(Math.round(index * share), Math.round((index + 1) * share))
      if (part.length > 0) chunk.set(name, part)
    }
  }
  return chunks
}

/** How one chunk is written. */
export type RawWriter = (client: MongoClient, db: Db, chunk: Chunk) => Promise<void>

/** Inserts a chunk in one transaction. */
export const insertInTransaction: RawWriter = async (client, db, chunk) => {
  await client.withSession((session) =>
    session.withTransaction(
      async () => {
        for (const [name, documents] of chunk)
          await db.collection(name).insertMany([...documents], { session, ordered: false })
      },
      { writeConcern },
    ),
  )
}

/** Upserts a chunk by bulk writes, one per collection and each on its own. */
export const upsertInBulk: RawWriter = async (_client, db, chunk) => {
  for (const [name, documents] of chunk) await upsertAll(db.collection(name), documents)
}

const upsertAll = (collection: Collection, documents: readonly Document[]) =>
  collection.bulkWrite(
    documents.map((document) => ({
      replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true },
    })),
    { ordered: false, writeConcern },
  )

/** What writing all chunks took. */
export interface RawRun {
  readonly ms: number
  readonly cpuMs: number
  readonly serverCpuMs: number | null
}

/** Writes all chunks into a fresh database with the product's indexes. */
export const measureRaw = async (
  uri: string,
  chunks: readonly Chunk[],
  write: RawWriter,
): Promise<RawRun> => {
  const client = new MongoClient(uri, { writeConcern })
  const db = client.db()
  try {
    await ensureCollections(db)
    const [server, cpu, started] = [await serverCpu(client), process.cpuUsage(), performance.now()]
    const waiting = chunks.values()
    await Promise.all(
      Array.from({ length: callers }, async () => {
        for (const chunk of waiting) await write(client, db, chunk)
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
