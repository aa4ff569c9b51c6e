// Runs what reads Stripe's lists against a played Stripe in a process of its own, and watches what each part takes.

import { fileURLToPath } from 'node:url'
import type { MongoClient } from 'mongodb'
import type { BackfillSummary } from '../../src/sources/backfill/backfill-tally.ts'
import type { ResourceName } from '../../src/sources/backfill/resources.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import type { PopulationPlan } from '../support/stripe/population.ts'
import type { ProcessPlan } from '../support/stripe/serve-stripe.ts'
import { startStripeProcess } from '../support/stripe/stripe-process.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../support/stripe/world.ts'
import { serverCpu } from './server-cpu.ts'
import { program, runWatched, type WatchedRun } from './watched-process.ts'

const pageThrough = fileURLToPath(new URL('page-through.mjs', import.meta.url))
const pageWithinLimit = fileURLToPath(new URL('page-within-limit.mjs', import.meta.url))
const rawBackfill = fileURLToPath(new URL('raw-backfill.mjs', import.meta.url))
const unpaced = fileURLToPath(new URL('backfill-unpaced.mjs', import.meta.url))

/** The account that is read. */
export const account = 'acct_1'

/** An account to read, and how fast its Stripe answers. */
export interface Reading {
  readonly plan: PopulationPlan
  readonly resources: readonly ResourceName[]
  readonly latencyMs: number
  /** True where Stripe's limits are enforced, and kept to. */
  readonly isLimited: boolean
}

export interface ReadingRun extends Omit<WatchedRun, 'output'> {
  readonly objects: number
  /** Of the reading itself, as the program reports it. */
  readonly ms: number
  readonly requests: number
  /** Requests that came too fast. */
  readonly violations: number
  /** Processor time of the played Stripe. */
  readonly stripeCpuMs: number
}

export interface BackfillRun extends ReadingRun {
  readonly summary: BackfillSummary
  readonly serverCpuMs: number | null
}

/** Pages through the lists with the SDK and stores nothing. */
export const runPaging = (reading: Reading): Promise<ReadingRun> => readOnly(pageThrough, reading)

/** Reads a list as fast as its limit lets anyone, and stores nothing. */
export const runPagingWithinLimit = (reading: Reading): Promise<ReadingRun> =>
  readOnly(pageWithinLimit, reading)

const readOnly = async (reader: string, { resources, ...reading }: Reading): Promise<ReadingRun> =>
  withStripe(reading, async (url) => {
    const { output, ...usage } = await runWatched([
      ...[reader, url, PLATFORM_KEYS.live, account],
      resources.join(),
    ])
    const { objects, ms }: { objects: number; ms: number } = JSON.parse(output)
    return { objects, ms, ...usage }
  })

/** What the raw backfill is told. */
export interface RawBackfill {
  readonly url: string
  readonly key: string
  readonly account: string
  readonly lists: string
  /** Where a backfill has left the documents that are written, and where they are written to. */
  readonly mirrorUri: string
  readonly uri: string
  readonly objects: number
}

/** Pages through the lists with the SDK and writes what a backfill has left of them with the driver, at no limit. */
export const runRawBackfill = async (
  { plan, resources }: Reading,
  target: Pick<RawBackfill, 'mirrorUri' | 'uri' | 'objects'>,
): Promise<ReadingRun> =>
  withStripe({ plan, latencyMs: 0, isLimited: false }, async (url) => {
    const reading = { url, key: PLATFORM_KEYS.live, account, lists: resources.join() }
    const { output, ...usage } = await runWatched([
      ...['--import', 'tsx', rawBackfill],
      JSON.stringify({ ...reading, ...target } satisfies RawBackfill),
    ])
    const { objects, ms }: { objects: number; ms: number } = JSON.parse(output)
    return { objects, ms, ...usage }
  })

/** Backfills into a database that holds nothing yet but its indexes: those are made once, whatever is read. */
export const runBackfill = async (
  reading: Reading,
  { client, uri, folder }: { readonly client: MongoClient; readonly uri: string; readonly folder: string },
): Promise<BackfillRun> => {
  const { resources, isLimited } = reading
  await ensureCollections(client.db())
  const cpu = await serverCpu(client)
  const run = await withStripe(reading, async (url) => {
    const args = isLimited
      ? [program, 'backfill', '--json', '--account', account, '--resource', resources.join()]
      : [unpaced, account, resources.join()]
    const { output, ...usage } = await runWatched(args, { cwd: folder, env: environment(uri, url) })
    const summary: BackfillSummary = JSON.parse(output)
    const counts = Object.values(summary.accounts[account] ?? {})
    const objects = counts.reduce((sum, { read }) => sum + read, 0)
    return { objects, ms: summary.duration_ms, summary, ...usage }
  })
  return { ...run, serverCpuMs: cpu.since() }
}

/** Returns the settings of a program that reads from a played Stripe. */
export const environment = (uri: string, url: string): NodeJS.ProcessEnv => ({
  ...{ PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'warn', MONGODB_URI: uri },
  ...{ STRIPE_SECRET_KEY: PLATFORM_KEYS.live, STRIPE_API_BASE: url, STRIPE_ACCOUNT_ID: PLATFORM_ID },
})

/** Stripe's limits of an account in live mode. */
const stripeLimits = { perEndpoint: 25, perAccount: 100 }

const withStripe = async <Run>(
  { plan, latencyMs, isLimited }: Omit<Reading, 'resources'>,
  work: (url: string) => Promise<Run>,
) => {
  const played: ProcessPlan = { accounts: { [account]: plan }, mode: 'live', latencyMs }
  const stripe = await startStripeProcess(isLimited ? { ...played, limits: stripeLimits } : played)
  try {
    const before = await stripe.report()
    const run = await work(stripe.url)
    const { requests, violations, cpuMs } = await stripe.report()
    return { ...run, requests, violations: violations.length, stripeCpuMs: cpuMs - before.cpuMs }
  } finally {
    await stripe.stop()
  }
}
