// `npm run bench`: how fast billing-sync is, each figure beside what the machine and the plain driver reach in the same
// run. Ends with 1 where a count is wrong or a promised figure is missed.
//
//   npm run bench -- [--only replay,serve,backfill,start] [--events 20000] [--rounds 3]
//   npm run bench -- --events 500000 --memory       (the same as --only memory: replays one large file, once)
//   npm run bench -- --events 200000 --only backlog (memory of serve while so many wait)
//   npm run bench -- --only soak [--minutes 10]     (serve under steady webhooks)
//   npm run bench -- --only hostile                 (good events among hostile ones)
//
// A new chapter is a file with its `run`, and a row in the table below.

import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEmbeddedMongod } from '../../src/store/embedded/embedded-mongod.ts'
import { awaitNoSupervisor, testEnvironment } from '../support/embedded-environment.ts'
import { backfillChapters } from './backfill-chapter.ts'
import { backlogChapter } from './backlog-chapter.ts'
import type { Bench, Chapter } from './chapter.ts'
import { hostileChapter } from './hostile-chapter.ts'
import { memoryChapter } from './memory-chapter.ts'
import { writeConcern } from './raw-writes.ts'
import { replayChapter } from './replay-chapter.ts'
import { printRows } from './report.ts'
import { serveChapter } from './serve-chapter.ts'
import { soakChapter } from './soak-chapter.ts'
import { startChapter } from './start-chapter.ts'

/** What runs when no chapter is named, in this order. */
const standardChapters: readonly Chapter[] = [replayChapter, serveChapter, ...backfillChapters, startChapter]

const allChapters: readonly Chapter[] = [
  ...standardChapters,
  memoryChapter,
  backlogChapter,
  soakChapter,
  hostileChapter,
]

interface Request {
  readonly chapters: readonly Chapter[]
  readonly events: number
  readonly rounds: number
  readonly minutes: number
}

const main = async (): Promise<boolean> => {
  const request = readRequest()
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-bench-'))
  const server = await openEmbeddedMongod({
    dataFolder: join(folder, 'data'),
    environment: testEnvironment(),
    lingerMs: 0,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  })
  try {
    printSurroundings(server.binarySource)
    return await runChapters(request, {
      ...request,
      folder,
      databaseUri: (name) => Object.assign(new URL(server.uri), { pathname: `/${name}` }).href,
    })
  } finally {
    await server.release()
    await awaitNoSupervisor(server.dataFolder)
    await rm(folder, { recursive: true, force: true })
  }
}

const readRequest = (): Request => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      events: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '10' },
      memory: { type: 'boolean', default: false },
    },
  })
  const names = (values.memory ? 'memory' : values.only)?.split(',')
  const chapters = names === undefined ? standardChapters : names.flatMap(chaptersNamed)
  return {
    chapters,
    events: Number(values.events),
    rounds: Number(values.rounds),
    minutes: Number(values.minutes),
  }
}

// A name stands for those that begin with it, too: `backfill` for `backfill-one` and its sisters.
const chaptersNamed = (name: string): readonly Chapter[] => {
  const chapters = allChapters.filter(
    (candidate) => candidate.name === name || candidate.name.startsWith(`${name}-`),
  )
  if (chapters.length > 0) return chapters
  const known = allChapters.map((candidate) => candidate.name).join(', ')
  throw new RangeError(`--only names no chapter "${name}"; there are ${known}`)
}

const printSurroundings = (server: string): void => {
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  printRows([
    ['machine', `${cpus().length} cores, ${memory} GiB, Node ${process.version}`],
    ['MongoDB', server],
    ['write concern', JSON.stringify(writeConcern)],
  ])
}

// All figures are printed, whichever of them is a fault.
const runChapters = async ({ chapters }: Request, bench: Bench): Promise<boolean> => {
  let kept = true
  for (const { name, run } of chapters) {
    process.stdout.write(`--- ${name}\n`)
    kept = (await run(bench)) && kept
  }
  return kept
}

process.exitCode = (await main()) ? 0 : 1
