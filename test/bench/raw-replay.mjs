// What one process reaches that only writes with the driver what a replay has left. Argument: a `RawReplay` of
// replay-process.ts as JSON, under tsx. Prints a `RawRun` as JSON.

import { MongoClient } from 'mongodb'
import { measureRaw, readBatches, upsertInBulk, writeInTransaction } from './raw-writes.ts'

const writers = { transactions: writeInTransaction, upserts: upsertInBulk }

/** @param {import('./replay-process.ts').RawReplay} argument */
const run = async ({ mirrorUri, uri, writer }) => {
  const mirror = new MongoClient(mirrorUri)
  const batches = await readBatches(mirror.db())
  await mirror.close()
  process.stdout.write(JSON.stringify(await measureRaw(uri, batches, writers[writer])))
}

await run(JSON.parse(process.argv[2]))
