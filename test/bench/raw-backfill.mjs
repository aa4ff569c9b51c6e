// What one process reaches that only pages through lists with the SDK and writes documents with the driver, reading on
// while it writes: nothing is folded, compared, resumed or kept to a limit. Argument: a `RawBackfill` of
// backfill-process.ts as JSON, under tsx. Prints the number of objects and the milliseconds as JSON.

import { once } from 'node:events'
import { MongoClient } from 'mongodb'
import { ensureCollections } from '../../src/store/collections.ts'
import { objectsPerBatch, readObjectBatches } from './backfill-raw.ts'
import { eachObject } from './page-through.mjs'
import { writeConcern } from './raw-writes.ts'

/** Batches read and not written yet, about as many pages as a backfill keeps in memory. */
const mostWaiting = 2

// Whether something is there has to be asked, though nothing is: the documents come first in this database.
const write = async (client, { mirrored, added }) => {
  await client.withSession((session) =>
    session.withTransaction(
      async () => {
        for (const [name, documents] of [...mirrored, ...added]) {
          const collection = client.db().collection(name)
          const ids = documents.map(({ _id }) => _id)
          if (mirrored.has(name)) await collection.find({ _id: { $in: ids } }, { session }).toArray()
          await collection.insertMany(documents, { session, ordered: false })
        }
      },
      { writeConcern },
    ),
  )
}

/** @param {import('./backfill-process.ts').RawBackfill} argument */
const run = async ({ mirrorUri, uri, objects, ...reading }) => {
  const [mirror, client] = [new MongoClient(mirrorUri), new MongoClient(uri)]
  const batches = [...(await readObjectBatches(mirror.db(), objects))]
  await ensureCollections(client.db())
  const written = new EventTarget()
  let [read, waiting] = [0, 0]
  let writing = Promise.resolve()
  const started = performance.now()
  const writeNext = () => {
    const batch = batches.shift()
    if (batch === undefined) return
    waiting += 1
    // One after another, as an account's commits have to be.
    writing = writing.then(async () => {
      await write(client, batch)
      waiting -= 1
      written.dispatchEvent(new Event('one'))
    })
  }
  await eachObject(reading, async () => {
    read += 1
    if (read % objectsPerBatch === 0) writeNext()
    while (waiting > mostWaiting) await once(written, 'one')
  })
  while (batches.length > 0) writeNext()
  await writing
  process.stdout.write(JSON.stringify({ objects: read, ms: performance.now() - started }))
  await Promise.all([mirror.close(), client.close()])
}

await run(JSON.parse(process.argv[2]))
