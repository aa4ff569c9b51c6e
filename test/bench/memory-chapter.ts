// How much memory a replay of one large file takes, and whether everything arrives. Run by itself and once: the
// promise is for 500,000 events.

import { MongoClient } from 'mongodb'
import { type Chapter, writeWorkload } from './chapter.ts'
import { runReplay } from './replay-process.ts'
import { formatNumber, peakText, printRows, reportCounts, tellPromise } from './report.ts'
import { countDocuments } from './verify-database.ts'

/** Memory of a replay, however large the file. */
const promisedMegabytes = 300

export const memoryChapter: Chapter = {
  name: 'memory',
  run: async (bench) => {
    const workload = await writeWorkload(bench, 'memory')
    const uri = bench.databaseUri('memory')
    const client = new MongoClient(uri)
    try {
      const replay = await runReplay(workload.file, { ...workload, uri })
      const counts = await countDocuments(client.db(), workload.expected.counts)
      printRows([
        [
          'events',
          `${formatNumber(workload.events)} of ${formatNumber(workload.bytes / workload.events)} bytes`,
        ],
        ['replay, events/s', formatNumber(workload.events / (replay.handlingMs / 1000))],
        ['peak memory, MB', peakText(replay)],
      ])
      const isSmall = (replay.peakBytes ?? 0) < promisedMegabytes * 1e6
      return [reportCounts(counts), tellPromise(isSmall, `replay stays below ${promisedMegabytes} MB`)].every(
        Boolean,
      )
    } finally {
      await client.close()
    }
  },
}
