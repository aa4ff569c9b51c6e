// Crashes a process at one point and lets another get on with the account; each point has an account of its own.

import type { Db, MongoClient } from 'mongodb'
import pLimit from 'p-limit'
import { openHandling } from '../../src/commands/opening/open-handling.ts'
import { loadConfig } from '../../src/config/config.ts'
import { handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import { asOpened } from '../support/database.ts'
import { deliveryOf } from '../support/deliveries.ts'
import { type CrashPoint, crashAt } from './crashing-process.ts'
import { type Documents, documentsOf, paidInvoiceEvents } from './paid-invoice.ts'

interface Server {
  readonly client: MongoClient
  readonly db: Db
  readonly uri: string
}

/** What one crash left, and what the next process made of it. */
export interface Crash {
  readonly point: CrashPoint
  readonly account: string
  readonly signal: string | undefined
  readonly left: Documents
  readonly outcomes: readonly string[]
  readonly after: Documents
  /** From the crash until the next process was through. */
  readonly takeoverMs: number
}

// Two cores: more processes at once would only wait for each other. What waits for the server's limit is not counted.
const limit = pLimit(3)

/** Crashes at every point given, several at once, and returns what came of each. */
export const sweepCrashes = (points: readonly CrashPoint[], server: Server): Promise<readonly Crash[]> => {
  // Open transactions first: what waits for their end lets the others go on meanwhile.
  const ordered = [...points].sort((one, other) => Number(other.inTransaction) - Number(one.inTransaction))
  return Promise.all(ordered.map((point) => crashAndTakeOver(point, server)))
}

const crashAndTakeOver = async (point: CrashPoint, server: Server): Promise<Crash> => {
  const account = `acct_${point.moment}${point.number}`
  const batch = { uri: server.uri, account, events: paidInvoiceEvents(account) }
  const { signal, left, crashed } = await limit(async () => {
    const ended = await crashAt(point, batch)
    return { signal: ended, crashed: performance.now(), left: await documentsOf(server.db, account) }
  })
  const outcomes = await takeOver(account, server)
  const takeoverMs = performance.now() - crashed
  return { point, account, signal, left, outcomes, after: await documentsOf(server.db, account), takeoverMs }
}

const takeOver = async (account: string, { client, db }: Server): Promise<readonly string[]> => {
  const { stripeKey: _never, ...config } = await loadConfig({})
  const listed = {
    ...config,
    stripeKey: undefined,
    accounts: [{ stripe_user_id: account, new_contact: true }],
  }
  const database = asOpened({ client, db })
  const { options } = await openHandling(listed, database, {
    source: 'replay',
    effects: 'missing',
    reads: null,
  })
  const deliveries = paidInvoiceEvents(account).map((event) => deliveryOf(event))
  const { outcomes } = await handleDeliveries(deliveries, options)
  return outcomes.map(({ outcome }) => outcome)
}
