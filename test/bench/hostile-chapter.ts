// Whether good events keep their pace among hostile ones: a thousand of one account, plain, and with ten entries of
// each kind among them, in one run. What the ten take by themselves is measured beside it and taken off. The good ones
// are read back and must have left what they leave alone.

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { MongoClient } from 'mongodb'
import { documentsOf } from '../fault/paid-invoice.ts'
import { type ComparableState, comparableState } from '../oracle/comparable-state.ts'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { type HostileKind, hostileKinds, ofAccount } from '../support/hostile-entries.ts'
import type { Bench, Chapter } from './chapter.ts'
import { runReplay } from './replay-process.ts'
import { formatNumber, median, printRows, spreadText, tellPromise } from './report.ts'
import { accountIds, workloadLines } from './workload.ts'

const [account = ''] = accountIds

const goodCount = 1_000
const hostileCount = 10

/** Events of all twenty accounts among which one has a thousand. */
const drawnCount = 25_000

/** Ten hostile entries lengthen a thousand good ones at most so, beside what they take by themselves. */
const promisedRatio = 1.5

/** Bytes of hostile entries from which on what they take by themselves is measured, and how often: it varies. */
const heavyBytes = 1_000_000
const heavyRounds = 3

interface Measured {
  readonly ms: number
  readonly state: ComparableState
  /** Good events that are done. */
  readonly settled: number
}

/** A kind by itself, and among the good ones. */
interface Comparison {
  readonly kind: HostileKind
  /** Zero for a few bytes, which take no time that could be measured. */
  readonly aloneMs: number
  readonly among: readonly Measured[]
}

export const hostileChapter: Chapter = {
  name: 'hostile',
  run: async (bench) => {
    const config = join(bench.folder, 'hostile.config.json')
    const mappings = [
      { from: 'email', to: 'email' },
      { from: 'metadata', to: 'custom.metadata' },
    ]
    const accounts = [{ stripe_user_id: account, new_contact: true, mappings }]
    await writeFile(config, JSON.stringify({ accounts }))
    const good = [...workloadLines(drawnCount)].filter((line) => line.includes(account)).slice(0, goodCount)
    const settings = { bench, config, good }
    const plain = [await replayLines(settings, { name: 'plain_0', lines: good })]
    const compared: Comparison[] = []
    for (const [index, kind] of hostileKinds.entries()) {
      compared.push(await compare(settings, kind, index))
      process.stderr.write(`${kind.name}\n`)
    }
    for (const name of ['plain_1', 'plain_2']) plain.push(await replayLines(settings, { name, lines: good }))
    return report(plain, compared)
  },
}

interface Settings {
  readonly bench: Bench
  readonly config: string
  readonly good: readonly string[]
}

const compare = async (settings: Settings, kind: HostileKind, index: number): Promise<Comparison> => {
  const hostile = textsOf(kind)
  const exitCode = kind.code === null ? 0 : 1
  const lines = mixed(settings.good, hostile)
  const isHeavy = hostile.join('').length > heavyBytes
  const alone: Measured[] = []
  const among: Measured[] = []
  for (let round = 0; round < (isHeavy ? heavyRounds : 1); round += 1) {
    const ofRound = `${index}_${round}`
    if (isHeavy)
      alone.push(await replayLines(settings, { name: `alone_${ofRound}`, lines: hostile, exitCode }))
    among.push(await replayLines(settings, { name: `among_${ofRound}`, lines, exitCode }))
  }
  return { kind, aloneMs: median(isHeavy ? alone.map(({ ms }) => ms) : [0]), among }
}

const replayLines = async (
  { bench, config, good }: Settings,
  { name, lines, exitCode = 0 }: { name: string; lines: readonly string[]; exitCode?: number },
): Promise<Measured> => {
  const file = join(bench.folder, `${name}.jsonl`)
  await writeFile(file, `${lines.join('\n')}\n`)
  const uri = bench.databaseUri(name)
  const client = new MongoClient(uri)
  try {
    const { handlingMs: ms } = await runReplay(file, { uri, config, exitCode })
    const ids = good.map((line): string => (JSON.parse(line) as SnapshotEvent).id) // written by workload.ts
    const done = { event_id: { $in: ids }, status: 'done' }
    const settled = await client.db().collection('billing.events').countDocuments(done)
    const state = comparableState(await documentsOf(client.db(), account))
    await client.db().dropDatabase()
    return { ms, state, settled }
  } finally {
    await client.close()
    await rm(file)
  }
}

const textsOf = ({ texts }: HostileKind): readonly string[] =>
  Array.from({ length: hostileCount }, (_, index) => {
    const text = texts[index % texts.length]?.(index) ?? ''
    return ofAccount(text, account)
  })

const mixed = (good: readonly string[], hostile: readonly string[]): readonly string[] =>
  hostile.length === 0
    ? good
    : hostile.flatMap((text, index) => {
        const share = goodCount / hostileCount
        return [
          ...good.slice(index * share, (index + 0.5) * share),
          text,
          ...good.slice((index + 0.5) * share, (index + 1) * share),
        ]
      })

const report = (plain: readonly Measured[], compared: readonly Comparison[]): boolean => {
  const plainMs = median(plain.map(({ ms }) => ms))
  const rows = compared.map(({ kind, aloneMs, among }) => {
    const amongMs = median(among.map(({ ms }) => ms))
    const ratio = (amongMs - aloneMs) / plainMs
    return {
      name: kind.name,
      text: `${formatNumber(amongMs)}, ${formatNumber(aloneMs)}, ${ratio.toFixed(2)}`,
      ratio,
    }
  })
  printRows([
    [`${goodCount} good events, ms`, spreadText(plain.map(({ ms }) => ms))],
    [`with ${hostileCount} of a kind`, 'ms, those alone, rest beside plain'],
    ...rows.map(({ name, text }) => [name, text] as const),
  ])
  const expected = plain[0]?.state ?? {}
  const isWhole = ({ settled, state }: Measured): boolean =>
    settled === goodCount && holdsAll(state, expected)
  const broken = compared.filter(({ among }) => !among.every(isWhole)).map(({ kind }) => kind.name)
  return [
    tellPromise(
      plain.every(isWhole) && broken.length === 0,
      `every good event is done and left what it leaves alone${broken.length === 0 ? '' : `: not so ${broken.join(', ')}`}`,
    ),
    tellPromise(
      rows.every(({ ratio }) => ratio <= promisedRatio),
      `good events among hostile ones take at most ${promisedRatio} times as long`,
    ),
  ].every(Boolean)
}

// What the hostile ones left stands beside it.
const holdsAll = (state: ComparableState, expected: ComparableState): boolean =>
  Object.entries(expected).every(([collection, documents]) => {
    const found = new Map((state[collection] ?? []).map(({ key, fields }) => [key, fields]))
    return documents.every(({ key, fields }) => isDeepStrictEqual(found.get(key), fields))
  })
