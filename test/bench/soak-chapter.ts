// Ten minutes of steady webhooks, worked off as they come: memory stays flat, and nothing is left behind.
// `npm run bench -- --only soak`, with `--minutes 2` for a shorter look.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import type { Bench, Chapter } from './chapter.ts'
import { type ListenerProcess, secret, startServe } from './listener-process.ts'
import { formatNumber, median, printRows, tellPromise } from './report.ts'
import { deliverAll } from './webhook-load.ts'
import { workloadLines } from './workload.ts'

/** Webhooks a second: well below what two cores work off, so that the process is in its steady state. */
const eventsPerSecond = 300
const connections = 16

/** Memory of the last third beside that of the second; the first is spent on warming up. */
const mostGrowth = 1.1

export const soakChapter: Chapter = {
  name: 'soak',
  run: async (bench) => {
    const uri = bench.databaseUri('soak')
    const client = new MongoClient(uri)
    try {
      const serve = await startServe(uri, bench.folder, 'all')
      const megabytes = await deliverSteadily(serve, bench)
      const events = client.db().collection('billing.events')
      while ((await events.countDocuments({ status: 'pending' })) > 0) await wait(50)
      const [done, sent] = [
        await events.countDocuments({ status: 'done' }),
        bench.minutes * 60 * eventsPerSecond,
      ]
      await serve.stop()
      const third = Math.floor(megabytes.length / 3)
      const [second, last] = [median(megabytes.slice(third, 2 * third)), median(megabytes.slice(2 * third))]
      printRows([
        ['minutes, events/s', `${bench.minutes}, ${eventsPerSecond}`],
        [
          'memory, MB, each minute',
          megabytes
            .filter((_, index) => index % 60 === 59)
            .map(formatNumber)
            .join(' '),
        ],
        ['second third, last third', `${formatNumber(second)}, ${formatNumber(last)}`],
        ['done, delivered', `${formatNumber(done)}, ${formatNumber(sent)}`],
      ])
      return [
        tellPromise(done === sent, 'every event is done'),
        tellPromise(last <= second * mostGrowth, 'memory is flat'),
      ].every(Boolean)
    } finally {
      await client.db().dropDatabase()
      await client.close()
    }
  },
}

/** Delivers one second's events after another, and answers the memory after each, in millions of bytes. */
const deliverSteadily = async (serve: ListenerProcess, { minutes }: Bench): Promise<readonly number[]> => {
  const lines = workloadLines(minutes * 60 * eventsPerSecond)
  const megabytes: number[] = []
  const started = performance.now()
  for (let second = 1; second <= minutes * 60; second += 1) {
    const bodies = Array.from({ length: eventsPerSecond }, () => lines.next().value ?? '')
    await deliverAll(bodies, { url: serve.url, secret, connections })
    await wait(Math.max(0, started + second * 1_000 - performance.now()))
    megabytes.push(await serve.megabytes())
  }
  return megabytes
}
