// How fast a replay is, from the file to the last notice, beside what the plain driver reaches with the very documents
// that it leaves. Each round replays into a fresh database and then writes the same documents raw, so that whatever
// else the machine does falls on all of them.

import { MongoClient } from 'mongodb'
import { type Bench, type Chapter, type Workload, writeWorkload } from './chapter.ts'
import type { RawRun } from './raw-writes.ts'
import { type RawReplay, type ReplayRun, runRawReplay, runReplay } from './replay-process.ts'
import {
  formatNumber,
  median,
  peakText,
  printRows,
  reportCounts,
  secondsText,
  spreadText,
  tellPromise,
} from './report.ts'
import { serverCpu } from './server-cpu.ts'
import { type CountRow, countDocuments } from './verify-database.ts'

/** A replay reaches this part of the raw batch transactions' rate, and `promisedRate` on machines of `fastRate`. */
const promisedRatio = 0.5
const promisedRate = 5_000
const fastRate = 8_000

interface Round {
  readonly replay: ReplayRun & { readonly serverCpuMs: number | null }
  readonly transactions: RawRun
  readonly upserts: RawRun
  readonly counts: readonly CountRow[]
}

export const replayChapter: Chapter = {
  name: 'replay',
  run: async (bench) => {
    const workload = await writeWorkload(bench, 'replay')
    const rounds: Round[] = []
    for (let index = 0; index < bench.rounds; index += 1) rounds.push(await runRound(bench, workload, index))
    const counts = rounds.flatMap((round) => round.counts)
    return [reportCounts(counts), reportRates(rounds, workload)].every(Boolean)
  },
}

const runRound = async (bench: Bench, workload: Workload, index: number): Promise<Round> => {
  const uri = bench.databaseUri(`round_${index}`)
  const client = new MongoClient(uri)
  try {
    const cpu = await serverCpu(client)
    const replay = { ...(await runReplay(workload.file, { ...workload, uri })), serverCpuMs: cpu.since() }
    const counts = await countDocuments(client.db(), workload.expected.counts)
    const write = (writer: RawReplay['writer']): Promise<RawRun> =>
      runRawReplay({ mirrorUri: uri, uri: bench.databaseUri(`${writer}_${index}`), writer })
    const [transactions, upserts] = [await write('transactions'), await write('upserts')]
    await client.db().dropDatabase()
    return { replay, transactions, upserts, counts }
  } finally {
    await client.close()
  }
}

const reportRates = (rounds: readonly Round[], { events, bytes }: Workload): boolean => {
  const rates = (msOf: (round: Round) => number) => rounds.map((round) => events / (msOf(round) / 1000))
  const raw = rates(({ transactions }) => transactions.ms)
  const replay = rates((round) => round.replay.handlingMs)
  const ratio = median(replay) / median(raw)
  printRows([
    ['events', `${formatNumber(events)} of ${formatNumber(bytes / events)} bytes`],
    ['events/s', 'median, then each round'],
    ['raw batch transactions', spreadText(raw)],
    ['raw bulk upserts', spreadText(rates(({ upserts }) => upserts.ms))],
    ['replay', spreadText(replay)],
    ['replay with process start', spreadText(rates((round) => round.replay.wallMs))],
    ['replay / raw transactions', ratio.toFixed(2)],
    ['messages made', rounds.map((round) => String(round.replay.summary.messages)).join(', ')],
    ['CPU seconds', 'program + mongod, each round'],
    ['raw batch transactions', rounds.map(({ transactions }) => cpuText(transactions)).join(', ')],
    ['raw bulk upserts', rounds.map(({ upserts }) => cpuText(upserts)).join(', ')],
    ['replay', rounds.map((round) => cpuText(round.replay)).join(', ')],
    ['peak memory of replay, MB', rounds.map((round) => peakText(round.replay)).join(', ')],
  ])
  return tellPromise(
    ratio >= promisedRatio && (median(raw) < fastRate || median(replay) >= promisedRate),
    'replay reaches half of the raw rate, and 5,000 events/s where that is 8,000 or more',
  )
}

const cpuText = (run: { readonly cpuMs: number | null; readonly serverCpuMs: number | null }): string =>
  `${secondsText(run.cpuMs)} + ${secondsText(run.serverCpuMs)}`
