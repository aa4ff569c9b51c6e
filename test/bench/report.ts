// What the bench prints. Each report tells whether its figures keep the promise.

import type { Round } from './bench.ts'
import { writeConcern } from './raw-writes.ts'
import type { ReplayRun } from './replay-process.ts'
import { median } from './start-time.ts'
import type { CountRow } from './verify-database.ts'

/** A replay reaches this part of the raw batch transactions' rate, and `promisedRate` on machines of `fastRate`. */
const promisedRatio = 0.5
const promisedRate = 5_000
const fastRate = 8_000

/** Memory of a replay, however large the file. */
const promisedMegabytes = 300

/** `--help` takes at most so many times an empty Node. */
const promisedStarts = 3

/** Prints on what and with what the bench runs. */
export const reportSurroundings = (run: {
  readonly cores: number
  readonly memoryBytes: number
  readonly server: string
  readonly events: number
  readonly bytes: number
}): void => {
  print([
    ['machine', `${run.cores} cores, ${(run.memoryBytes / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`],
    ['MongoDB', run.server],
    ['write concern', JSON.stringify(writeConcern)],
    ['events', `${format(run.events)} of ${format(run.bytes / run.events)} bytes`],
  ])
}

/** Prints the rates of all rounds and their medians; false where the replay is slower than promised. */
export const reportRates = (rounds: readonly Round[], events: number): boolean => {
  const rates = (durationOf: (round: Round) => number) =>
    rounds.map((round) => events / (durationOf(round) / 1000))
  const raw = rates(({ transactionsMs }) => transactionsMs)
  const replay = rates(({ replay: { handlingMs } }) => handlingMs)
  const ratio = median(replay) / median(raw)
  print([
    ['events/s', 'median, then each round'],
    ['raw batch transactions', rateText(raw)],
    ['raw bulk upserts', rateText(rates(({ upsertsMs }) => upsertsMs))],
    ['replay', rateText(replay)],
    ['replay with process start', rateText(rates(({ replay: { wallMs } }) => wallMs))],
    ['replay / raw transactions', ratio.toFixed(2)],
    ['messages made', rounds.map((round) => String(round.replay.summary.messages)).join(', ')],
    [
      'CPU of replay, seconds',
      rounds.map((round) => ((round.replay.cpuMs ?? 0) / 1000).toFixed(1)).join(', '),
    ],
    ['peak memory, MB', rounds.map((round) => megabytes(round.replay)).join(', ')],
  ])
  const isFastEnough = ratio >= promisedRatio && (median(raw) < fastRate || median(replay) >= promisedRate)
  return keeps(
    isFastEnough,
    'replay reaches half of the raw rate, and 5,000 events/s where that is 8,000 or more',
  )
}

/** Prints every checked count; false where one is not what the events say. */
export const reportCounts = (rows: readonly CountRow[]): boolean => {
  print([
    ['collection', 'stored, expected'],
    ...rows.map(
      ({ collection, stored, expected }) => [collection, `${format(stored)}, ${format(expected)}`] as const,
    ),
  ])
  return keeps(
    rows.every(({ stored, expected }) => stored === expected),
    'every collection holds what the events say',
  )
}

/** Prints what a large replay took; false where it took more memory than promised. */
export const reportMemory = (replay: ReplayRun, events: number): boolean => {
  print([
    ['replay, events/s', format(events / (replay.handlingMs / 1000))],
    ['peak memory, MB', megabytes(replay)],
  ])
  return keeps(
    (replay.peakBytes ?? 0) < promisedMegabytes * 1e6,
    `replay stays below ${promisedMegabytes} MB`,
  )
}

/** Prints the program's start beside Node's own; false where it takes longer than promised. */
export const reportStart = ({
  helpMs,
  nodeMs,
}: {
  readonly helpMs: number
  readonly nodeMs: number
}): boolean => {
  print([
    [
      '--help / node -e 0, ms',
      `${helpMs.toFixed(0)} / ${nodeMs.toFixed(0)} = ${(helpMs / nodeMs).toFixed(2)}`,
    ],
  ])
  return keeps(
    helpMs <= promisedStarts * nodeMs,
    `--help takes at most ${promisedStarts} times an empty Node`,
  )
}

const rateText = (rates: readonly number[]): string =>
  `${format(median(rates))}   ${rates.map((rate) => format(rate)).join(' ')}`

const megabytes = ({ peakBytes }: ReplayRun): string =>
  peakBytes === null ? 'unknown' : format(peakBytes / 1e6)

const format = (number: number): string => Math.round(number).toLocaleString('en')

const print = (rows: readonly (readonly [string, string])[]): void => {
  for (const [name, text] of rows) process.stdout.write(`${name.padEnd(30)}${text}\n`)
  process.stdout.write('\n')
}

const keeps = (kept: boolean, promise: string): boolean => {
  process.stdout.write(`${kept ? 'kept' : 'MISSED'}: ${promise}\n\n`)
  return kept
}
