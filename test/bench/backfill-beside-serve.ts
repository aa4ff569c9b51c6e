// How long a served event takes to its commit while the same account is backfilled, beside how long it takes alone.

import { setTimeout as wait } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { documentId } from '../../src/core/projection-document.ts'
import { resourceNames } from '../../src/sources/backfill/resources.ts'
import type { PopulationPlan } from '../support/stripe/population.ts'
import { signatureHeader } from '../support/stripe/webhook-signature.ts'
import { account, runBackfill } from './backfill-process.ts'
import type { Bench } from './chapter.ts'
import { secret, startServe } from './listener-process.ts'
import { formatNumber, printRows, tellPromise } from './report.ts'
import { withDatabase } from './with-database.ts'
import { workloadLines } from './workload.ts'

/** A commit beside a backfill takes at most so many times as long as alone, at the 99th percentile. */
const promisedTimes = 3

/** Events of each half, one at a time: a busy account's webhooks. */
const events = 1_000
const pauseMs = 25

/** Events of another account before anything is measured: a process that has just started is slow by itself. */
const otherAccount = 'acct_of_the_warm_up'
const warmUpEvents = 200

/** Milliseconds from a delivery to the commit of its event. */
type Waits = readonly number[]

/** Measures both; false where the promise is missed. */
export const compareServing = (bench: Bench, plan: PopulationPlan): Promise<boolean> => {
  const uri = bench.databaseUri('beside')
  return withDatabase(uri, async ({ db, client }) => {
    const serve = await startServe(uri, bench.folder, 'all')
    const bodies = [...workloadLines(2 * events)].map((line) => ofAccount(line, account))
    const warmUp = bodies.slice(0, warmUpEvents).map((line) => ofAccount(line, otherAccount))
    await deliverOneByOne(warmUp, { db, url: serve.url })
    let isOver = false
    const reading = { plan, resources: resourceNames, latencyMs: 50, isLimited: true }
    const backfilling = runBackfill(reading, { client, uri, folder: bench.folder }).finally(() => {
      isOver = true
    })
    const documents = db.collection('billing.customers')
    while ((await documents.countDocuments()) < 1_000) await wait(50)
    const beside = await deliverOneByOne(bodies.slice(events), { db, url: serve.url })
    const wasBeside = !isOver
    const { objects, ms } = await backfilling
    // After it: objects that Stripe does not list, written before a walk began, are asked for one by one.
    const alone = await deliverOneByOne(bodies.slice(0, events), { db, url: serve.url })
    await serve.stop()
    const ratio = quantile(beside, 0.99) / quantile(alone, 0.99)
    const text = (waits: Waits) => [0.5, 0.99].map((share) => formatNumber(quantile(waits, share))).join(', ')
    printRows([
      ['served, ms to the commit', 'p50, p99'],
      ['alone', text(alone)],
      ['beside a backfill', text(beside)],
      ['p99 beside / alone', ratio.toFixed(2)],
      ['backfill beside it, objects/s', formatNumber(objects / (ms / 1000))],
    ])
    return [
      tellPromise(wasBeside, 'the backfill is under way for as long as is measured'),
      tellPromise(ratio <= promisedTimes, `commits take at most ${promisedTimes} times as long, at p99`),
    ].every(Boolean)
  })
}

const ofAccount = (line: string, owner: string): string =>
  JSON.stringify({ ...JSON.parse(line), account: owner })

const deliverOneByOne = async (
  bodies: readonly string[],
  { db, url }: { readonly db: Db; readonly url: string },
): Promise<Waits> => {
  const sentAt = new Map<string, number>()
  const waits: number[] = []
  const done = db
    .collection('billing.events')
    .watch([{ $match: { 'updateDescription.updatedFields.status': { $exists: true } } }])
  done.on('change', (change) => {
    const sent = 'documentKey' in change ? sentAt.get(String(change.documentKey._id)) : undefined
    if (sent !== undefined) waits.push(performance.now() - sent)
  })
  await wait(200)
  for (const body of bodies) {
    const { id, account: owner } = JSON.parse(body)
    sentAt.set(documentId(String(owner), String(id)), performance.now())
    const timestamp = Math.floor(Date.now() / 1000)
    const headers = { 'stripe-signature': signatureHeader({ body, secrets: secret, timestamp }) }
    await fetch(`${url}/webhooks/stripe`, { method: 'POST', body, headers })
    await wait(pauseMs)
  }
  while (waits.length < bodies.length) await wait(20)
  await done.close()
  return waits
}

const quantile = (waits: Waits, share: number): number =>
  [...waits].sort((one, other) => one - other)[Math.floor(waits.length * share)] ?? Number.NaN
