// `npm run bench`: how fast a replay is, beside what the plain driver reaches with the same documents on the same
// server. Ends with 1 where a count is wrong or a promised figure is missed.
//
//   npm run bench -- [--events 20000] [--rounds 3]
//   npm run bench -- --events 500000 --memory       (replays one large file, once, and reports its memory only)

import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { MongoClient } from 'mongodb'
import { openEmbeddedMongod } from '../../src/store/embedded/embedded-mongod.ts'
import { awaitNoSupervisor, testEnvironment } from '../support/embedded-environment.ts'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { ExpectedCounts } from './expected-counts.ts'
import { insertInTransaction, measureRaw, readChunks, upsertInBulk } from './raw-writes.ts'
import { type ReplayRun, runReplay } from './replay-process.ts'
import { reportCounts, reportMemory, reportRates, reportStart, reportSurroundings } from './report.ts'
import { measureStart } from './start-time.ts'
import { type CountRow, countDocuments } from './verify-database.ts'
import { newContactAccounts, workloadLines } from './workload.ts'

interface Workload {
  readonly file: string
  readonly config: string
  readonly events: number
  readonly bytes: number
  readonly expected: ExpectedCounts
}

/** Milliseconds of one round. */
export interface Round {
  readonly replay: ReplayRun
  readonly transactionsMs: number
  readonly upsertsMs: number
}

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '3' },
      memory: { type: 'boolean', default: false },
    },
  })
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-bench-'))
  const server = await openEmbeddedMongod({
    dataFolder: join(folder, 'data'),
    environment: testEnvironment(),
    lingerMs: 0,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  })
  try {
    const workload = await writeWorkload(join(folder, 'workload'), Number(values.events))
    reportSurroundings({
      ...workload,
      cores: cpus().length,
      memoryBytes: totalmem(),
      server: server.binarySource,
    })
    return values.memory
      ? await benchMemory(server.uri, workload)
      : await benchRates(server.uri, workload, Number(values.rounds))
  } finally {
    await server.release()
    await awaitNoSupervisor(server.dataFolder)
    await rm(folder, { recursive: true, force: true })
  }
}

const writeWorkload = async (folder: string, events: number): Promise<Workload> => {
  await mkdir(folder)
  const file = join(folder, 'events.jsonl')
  const config = join(folder, 'billing-sync.config.json')
  const expected = new ExpectedCounts()
  let bytes = 0
  const count = function* (): Generator<string> {
    for (const line of workloadLines(events)) {
      const event: SnapshotEvent = JSON.parse(line)
      expected.add(event)
      bytes += Buffer.byteLength(line)
      yield `${line}\n`
    }
  }
  await pipeline(Readable.from(count()), createWriteStream(file))
  const accounts = newContactAccounts.map((id) => ({ stripe_user_id: id, new_contact: true }))
  await writeFile(config, JSON.stringify({ accounts }))
  return { file, config, events, bytes, expected }
}

const benchRates = async (server: string, workload: Workload, roundCount: number): Promise<boolean> => {
  const rounds: Round[] = []
  let counts: readonly CountRow[] = []
  for (let index = 0; index < roundCount; index += 1) {
    const uri = databaseUri(server, `round_${index}`)
    const client = new MongoClient(uri)
    try {
      const replay = await runReplay(workload.file, { ...workload, uri })
      counts = [...counts, ...(await countDocuments(client.db(), workload.expected.counts))]
      const chunks = await readChunks(client.db())
      await client.db().dropDatabase()
      const transactionsMs = await measureRaw(
        databaseUri(server, `raw_${index}`),
        chunks,
        insertInTransaction,
      )
      const upsertsMs = await measureRaw(databaseUri(server, `bulk_${index}`), chunks, upsertInBulk)
      rounds.push({ replay, transactionsMs, upsertsMs })
    } finally {
      await client.close()
    }
  }
  // Not shortened to stop at the first fault: all figures are printed.
  return [reportCounts(counts), reportRates(rounds, workload.events), reportStart(measureStart())].every(
    Boolean,
  )
}

const benchMemory = async (server: string, workload: Workload): Promise<boolean> => {
  const uri = databaseUri(server, 'memory')
  const client = new MongoClient(uri)
  try {
    const replay = await runReplay(workload.file, { ...workload, uri })
    const counts = await countDocuments(client.db(), workload.expected.counts)
    return [reportCounts(counts), reportMemory(replay, workload.events)].every(Boolean)
  } finally {
    await client.close()
  }
}

const databaseUri = (server: string, name: string): string => {
  const uri = new URL(server)
  uri.pathname = `/${name}`
  return uri.href
}

process.exitCode = (await main()) ? 0 : 1
