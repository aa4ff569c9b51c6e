// How much memory `serve` takes while it works off a large backlog, such as an outage leaves behind. The promise is for
// 200,000 events that wait: `npm run bench -- --only backlog --events 200000`.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { parseEntry } from '../../src/sources/parse-entry.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { rowOf } from '../../src/store/inbox.ts'
import type { Bench, Chapter } from './chapter.ts'
import { startServe } from './listener-process.ts'
import { formatNumber, printRows, tellPromise } from './report.ts'
import { workloadLines } from './workload.ts'

/** Memory of `serve`, however much waits. */
const promisedMegabytes = 250

/** Events that are worked off before the peak is read; by then batches are as full as they get. */
const watchedEvents = 20_000

/** Rows of one insert. */
const rowsAtOnce = 500

export const backlogChapter: Chapter = {
  name: 'backlog',
  run: async (bench) => {
    const uri = bench.databaseUri('backlog')
    const client = new MongoClient(uri)
    try {
      await fillInbox(client, bench)
      const pending = () => client.db().collection('billing.events').countDocuments({ status: 'pending' })
      const waiting = await pending()
      const serve = await startServe(uri, bench.folder, 'all')
      const started = performance.now()
      const enough = Math.max(0, waiting - watchedEvents)
      let left = waiting
      while (left > enough) {
        await wait(250)
        left = await pending()
      }
      const seconds = (performance.now() - started) / 1000
      const peak = await serve.peakMegabytes()
      await serve.stop()
      printRows([
        ['events waiting', formatNumber(waiting)],
        ['worked off, events/s', formatNumber((waiting - left) / seconds)],
        ['peak memory, MB', formatNumber(peak)],
      ])
      return tellPromise(peak < promisedMegabytes, `serve stays below ${promisedMegabytes} MB`)
    } finally {
      await client.db().dropDatabase()
      await client.close()
    }
  },
}

// As the listener would have left them.
const fillInbox = async (client: MongoClient, { events }: Bench): Promise<void> => {
  const db = client.db()
  await ensureCollections(db)
  let rows: ReturnType<typeof rowOf>[] = []
  const write = async (): Promise<void> => {
    if (rows.length > 0)
      await db.collection<{ _id: string }>('billing.events').insertMany(rows, { ordered: false })
    rows = []
  }
  for (const line of workloadLines(events)) {
    const payload = Buffer.from(line)
    const parsed = parseEntry(payload)
    if (!('event' in parsed)) throw new TypeError(`the workload holds what is no event: ${parsed.problem}`)
    const delivery = { account: parsed.event.account ?? '', event: parsed.event, payload }
    rows.push(rowOf({ delivery, source: 'webhook' }))
    if (rows.length === rowsAtOnce) await write()
  }
  await write()
}
