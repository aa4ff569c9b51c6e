// How fast a backfill is, beside the SDK's own auto-paging that stores nothing, each against a played Stripe in a
// process of its own. What is stored is read back and counted, and Stripe counts what came too fast.

import { type Db, MongoClient } from 'mongodb'
import type { ResourceName } from '../../src/sources/backfill/resources.ts'
import { resourceNames } from '../../src/sources/backfill/resources.ts'
import type { PopulationPlan } from '../support/stripe/population.ts'
import { compareServing } from './backfill-beside-serve.ts'
import {
  type BackfillRun,
  type Reading,
  type ReadingRun,
  runBackfill,
  runPaging,
  runPagingWithinLimit,
  runRawBackfill,
} from './backfill-process.ts'
import type { Bench, Chapter } from './chapter.ts'
import type { Counts } from './expected-counts.ts'
import {
  formatNumber,
  median,
  printRows,
  reportCounts,
  secondsText,
  spreadText,
  tellPromise,
} from './report.ts'
import type { CountRow } from './verify-database.ts'
import { withDatabase } from './with-database.ts'

interface Case extends Reading {
  readonly name: string
  /** True where the list's limit keeps anyone from reading faster than the machine could. */
  readonly isBoundByLimit: boolean
  /** Objects a second that are promised, or this part of what the machine can do in the same run. */
  readonly promisedRate: number
}

/** Part of the ceiling that counts as reached where the machine is too slow for the promised rate. */
const promisedPart = 0.7

/** Memory of a backfill, however many objects. */
const promisedMegabytes = 200

const tenMinutes = 600
const oneList: PopulationPlan = { customers: 400, charges: 20_000, secondsApart: tenMinutes }
const everything: PopulationPlan = {
  ...{ customers: 9_000, products: 6_000, subscriptions: 9_000, paidInvoices: 9_000, refunds: 8_000 },
  ...{ disputes: 8_000, secondsApart: tenMinutes },
}

const ofOneList = { plan: oneList, resources: ['charges'] } as const

const oneListCases: readonly Case[] = [
  {
    ...{ ...ofOneList, name: 'one list, 0 ms', promisedRate: 6_000 },
    ...{ latencyMs: 0, isLimited: false, isBoundByLimit: false },
  },
  {
    ...{ ...ofOneList, name: 'one list, 50 ms', promisedRate: 2_300 },
    ...{ latencyMs: 50, isLimited: true, isBoundByLimit: true },
  },
]

const allLists: Case = {
  ...{ name: 'all seven, 50 ms', plan: everything, resources: resourceNames },
  ...{ latencyMs: 50, isLimited: true, isBoundByLimit: false, promisedRate: 7_000 },
}

/** One list; all seven; and a `serve` beside them. */
export const backfillChapters: readonly Chapter[] = [
  {
    name: 'backfill-one',
    run: async (bench) => {
      const kept: boolean[] = []
      for (const [index, one] of oneListCases.entries()) kept.push(await runCase(bench, one, `one_${index}`))
      return kept.every(Boolean)
    },
  },
  { name: 'backfill-all', run: (bench) => runCase(bench, allLists, 'all') },
  { name: 'backfill-beside', run: (bench) => compareServing(bench, everything) },
]

const runCase = async (bench: Bench, one: Case, name: string): Promise<boolean> => {
  const paging = await runPaging({ ...one, isLimited: false })
  const limit = one.isBoundByLimit ? await runPagingWithinLimit(one) : null
  const rounds: Round[] = []
  for (let index = 0; index < bench.rounds; index += 1)
    rounds.push(await runRound(bench, one, `${name}_${index}`))
  const counts = rounds.flatMap((round) => round.counts)
  return [reportCounts(counts), report(one, { paging, limit, rounds })].every(Boolean)
}

const runRound = async (bench: Bench, one: Case, name: string): Promise<Round> => {
  const uri = bench.databaseUri(name)
  const client = new MongoClient(uri)
  try {
    const backfill = await runBackfill(one, { client, uri, folder: bench.folder })
    const counts = await countMirror(client.db(), one)
    const { objects } = backfill
    const rawUri = bench.databaseUri(`${name}_raw`)
    const raw = await withDatabase(rawUri, () =>
      runRawBackfill(one, { mirrorUri: uri, uri: rawUri, objects }),
    )
    await client.db().dropDatabase()
    return { backfill, raw, counts }
  } finally {
    await client.close()
  }
}

const countMirror = async (db: Db, { plan, resources }: Reading): Promise<readonly CountRow[]> => {
  const expected = expectedCounts(plan, resources)
  const total = Object.values(expected).reduce((sum, count) => sum + count, 0)
  const stored = async (name: string, filter = {}): Promise<number> =>
    db.collection(name).countDocuments(filter)
  return [
    ...(await Promise.all(
      Object.entries(expected).map(
        async ([collection, count]): Promise<CountRow> => ({
          collection,
          stored: await stored(collection),
          expected: count,
        }),
      ),
    )),
    {
      collection: 'queue.jobs, created',
      stored: await stored('queue.jobs', { kind: /\.created$/ }),
      expected: total,
    },
  ]
}

const expectedCounts = (plan: PopulationPlan, resources: readonly ResourceName[]): Counts => {
  const { customers = 0, products = 0, subscriptions = 0, paidInvoices = 0 } = plan
  const { charges = 0, refunds = 0, disputes = 0 } = plan
  const ofResource: Readonly<Record<ResourceName, number>> = {
    ...{ customers, products, subscriptions, invoices: paidInvoices },
    ...{ charges: charges + paidInvoices, refunds, disputes },
  }
  return {
    ...Object.fromEntries(resources.map((name) => [`billing.${name}`, ofResource[name]])),
    'billing.invoice_payments': paidInvoices,
    // A paid invoice always has one.
    'crm.contacts': Math.min(customers, paidInvoices),
  }
}

/** A backfill, and the same documents written plainly right after it: whatever else the machine does falls on both. */
interface Round {
  readonly backfill: BackfillRun
  readonly raw: ReadingRun
  readonly counts: readonly CountRow[]
}

interface Measured {
  readonly paging: ReadingRun
  /** Null where the limit binds nobody. */
  readonly limit: ReadingRun | null
  readonly rounds: readonly Round[]
}

const report = ({ name, promisedRate }: Case, { paging, limit, rounds }: Measured): boolean => {
  const [backfills, raws] = [rounds.map((round) => round.backfill), rounds.map(({ raw }) => raw)]
  const objects = Math.max(...backfills.map((run) => run.objects))
  const rateOf = (ms: number): number => objects / (ms / 1000)
  const ratesOf = (runs: readonly ReadingRun[]): readonly number[] => runs.map(({ ms }) => rateOf(ms))
  const rate = median(ratesOf(backfills))
  const ceiling = Math.min(
    median(ratesOf(raws)),
    limit === null ? Number.POSITIVE_INFINITY : rateOf(limit.ms),
  )
  const megabytes = backfills.map(({ peakBytes }) => (peakBytes ?? 0) / 1e6)
  const violations = backfills.reduce((sum, run) => sum + run.violations, 0)
  const requests = median(backfills.map((run) => run.requests))
  printRows([
    [name, `${formatNumber(objects)} objects`],
    ['objects/s', 'median, then each round'],
    ['SDK, stores nothing', formatNumber(rateOf(paging.ms))],
    ['SDK and driver, nothing else', spreadText(ratesOf(raws))],
    ...(limit === null ? [] : [['SDK within 25 requests/s', formatNumber(rateOf(limit.ms))] as const]),
    ['backfill', spreadText(ratesOf(backfills))],
    ['backfill with process start', spreadText(backfills.map(({ wallMs }) => rateOf(wallMs)))],
    ['requests', `SDK ${formatNumber(paging.requests)}, backfill ${formatNumber(requests)}`],
    ['came too fast', formatNumber(violations)],
    ['backfill / ceiling', (rate / ceiling).toFixed(2)],
    ['CPU seconds', 'program + played Stripe + mongod, each round'],
    ['SDK, stores nothing', `${secondsText(paging.cpuMs)} + ${secondsText(paging.stripeCpuMs)}`],
    [
      'SDK and driver, nothing else',
      raws.map((run) => `${secondsText(run.cpuMs)} + ${secondsText(run.stripeCpuMs)}`).join(', '),
    ],
    [
      'backfill',
      backfills
        .map((run) => [run.cpuMs, run.stripeCpuMs, run.serverCpuMs].map(secondsText).join(' + '))
        .join(', '),
    ],
    ['peak memory, MB', megabytes.map(formatNumber).join(', ')],
  ])
  return [
    tellPromise(
      rate >= Math.min(promisedRate, ceiling * promisedPart),
      `${formatNumber(promisedRate)} objects/s, or ${promisedPart * 100} % of the ceiling`,
    ),
    tellPromise(violations === 0, 'no request comes too fast'),
    tellPromise(
      megabytes.every((peak) => peak < promisedMegabytes),
      `backfill stays below ${promisedMegabytes} MB`,
    ),
  ].every(Boolean)
}
