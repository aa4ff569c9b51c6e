// How many webhooks a second `serve` acknowledges, beside the raw limit on the same server, and how many it brings all the
// way to projections. The inbox is read back and counted after each run.

import { setTimeout as wait } from 'node:timers/promises'
import { ensureCollections } from '../../src/store/collections.ts'
import type { Bench, Chapter } from './chapter.ts'
import { type ListenerProcess, secret, startRawListener, startServe } from './listener-process.ts'
import { formatNumber, median, printRows, spreadText, tellPromise } from './report.ts'
import { deliverAll, type LoadRun } from './webhook-load.ts'
import { withDatabase } from './with-database.ts'
import { workloadLines } from './workload.ts'

/** Acknowledged beside the raw limit, and absolutely on machines of `fastRate`; slowest answers beside the limit's. */
const promisedRatio = 0.8
const promisedRate = 4_500
const fastRate = 5_600
const promisedTail = 1.5

/** Events a second all the way to projections, while new ones come in. */
const promisedThrough = 1_500

interface Measured extends LoadRun {
  readonly rate: number
  /** True where the inbox holds every acknowledged event. */
  readonly isComplete: boolean
}

export const serveChapter: Chapter = {
  name: 'serve',
  run: async (bench) => {
    const bodies = [...workloadLines(bench.events)]
    const kept: boolean[] = []
    for (const connections of [32, 128]) kept.push(await compare(bench, bodies, connections))
    kept.push(await measureThrough(bench, bodies))
    return kept.every(Boolean)
  },
}

const compare = async (bench: Bench, bodies: readonly string[], connections: number): Promise<boolean> => {
  const [raw, served]: [Measured[], Measured[]] = [[], []]
  for (let round = 0; round < bench.rounds; round += 1) {
    const name = `${connections}_${round}`
    const run = { bench, bodies, connections }
    raw.push(await measure({ ...run, name: `raw_${name}`, start: startRawListener }))
    const ingest = (uri: string, folder: string) => startServe(uri, folder, 'ingest')
    served.push(await measure({ ...run, name: `serve_${name}`, start: ingest }))
  }
  const rates = (runs: readonly Measured[]) => runs.map(({ rate }) => rate)
  const tails = (runs: readonly Measured[]) => runs.map(({ p99Ms }) => p99Ms)
  const ratio = median(rates(served)) / median(rates(raw))
  const tail = median(tails(served)) / median(tails(raw))
  printRows([
    [`acknowledged/s, ${connections}`, 'median, then each round'],
    ['raw limit', spreadText(rates(raw))],
    ['serve', spreadText(rates(served))],
    ['serve / raw limit', ratio.toFixed(2)],
    [
      'p50 ms, raw and serve',
      [raw, served].map((runs) => median(runs.map(({ p50Ms }) => p50Ms)).toFixed(1)).join(', '),
    ],
    ['p99 ms, raw and serve', [raw, served].map((runs) => median(tails(runs)).toFixed(1)).join(', ')],
  ])
  const isFast =
    ratio >= promisedRatio && (median(rates(raw)) < fastRate || median(rates(served)) >= promisedRate)
  return [
    tellPromise(
      [...raw, ...served].every(({ isComplete }) => isComplete),
      'the inbox holds all that was acknowledged',
    ),
    tellPromise(isFast, `serve acknowledges ${promisedRatio * 100} % of the raw limit`),
    tellPromise(tail <= promisedTail, `its p99 stays within ${promisedTail} times the limit's`),
  ].every(Boolean)
}

interface MeasureRequest {
  readonly bench: Bench
  readonly bodies: readonly string[]
  readonly connections: number
  readonly name: string
  readonly start: (uri: string, folder: string) => Promise<ListenerProcess>
}

const measure = async ({ bench, bodies, connections, name, start }: MeasureRequest): Promise<Measured> => {
  const uri = bench.databaseUri(name)
  return withDatabase(uri, async ({ db }) => {
    await ensureCollections(db)
    const listener = await start(uri, bench.folder)
    const run = await deliverAll(bodies, { url: listener.url, secret, connections })
    await listener.stop()
    const stored = await db.collection('billing.events').countDocuments()
    return {
      ...run,
      rate: run.acknowledged / (run.ms / 1000),
      isComplete: stored === run.acknowledged && run.refused === 0,
    }
  })
}

const measureThrough = (bench: Bench, bodies: readonly string[]): Promise<boolean> => {
  const uri = bench.databaseUri('through')
  return withDatabase(uri, async ({ db }) => {
    const serve = await startServe(uri, bench.folder, 'all')
    const run = await deliverAll(bodies, { url: serve.url, secret, connections: 32 })
    const delivered = performance.now()
    const events = db.collection('billing.events')
    // One row tells: counting them all would take the server from what is measured.
    while ((await events.findOne({ status: 'pending' }, { projection: { _id: 1 } })) !== null) await wait(50)
    // From the first request on: what is signed before takes the sender half a second.
    const rate = bodies.length / ((run.ms + performance.now() - delivered) / 1000)
    const megabytes = await serve.megabytes()
    const done = await events.countDocuments({ status: 'done' })
    await serve.stop()
    printRows([
      ['all the way, events/s', formatNumber(rate)],
      ['acknowledged/s meanwhile', formatNumber(run.acknowledged / (run.ms / 1000))],
      ['memory at its end, MB', formatNumber(megabytes)],
      ['done, delivered', `${formatNumber(done)}, ${formatNumber(bodies.length)}`],
    ])
    return [
      tellPromise(done === bodies.length, 'every event is done'),
      tellPromise(rate >= promisedThrough, `${formatNumber(promisedThrough)} events/s arrive in projections`),
    ].every(Boolean)
  })
}
