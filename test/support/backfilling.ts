// The two halves of a backfill for properties: what lists show now, and its commit, which may come much later.

import { commitPages } from '../../src/commands/commit-pages.ts'
import type { PipelineStore } from '../../src/ports/pipeline-store.ts'
import { resourceNames } from '../../src/sources/backfill/resources.ts'
import { walkAccount } from '../../src/sources/backfill/walk-account.ts'
import { clientOf, openStripe } from '../../src/sources/stripe/account-client.ts'
import { readerOf } from './reading-pipeline.ts'
import type { StripeServer } from './stripe/stripe-server.ts'
import { PLATFORM_KEYS } from './stripe/world.ts'
import { accountWalk, beginningOf, WalkedPages } from './walking.ts'

/** Reads all lists of an account as they are now; what is returned commits them to the store. */
export const readLists = async (
  server: StripeServer,
  account: string,
  store: PipelineStore,
): Promise<() => Promise<void>> => {
  const { seq } = await store.openAccount(account)
  const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url })
  const walked = new WalkedPages()
  const { failure } = await walkAccount(
    accountWalk(server, {
      positions: beginningOf(resourceNames),
      clientOf: () => clientOf(stripe, account),
      seqNow: () => ({ seq, commits: 0 }),
      takePage: walked.take,
    }),
  )
  if (failure !== null) throw new TypeError(`the lists could not be read: ${failure.kind}`)
  const handling = {
    ...{ store, effects: 'none' as const, now: () => new Date(), random: () => 0.5 },
    ...{ readObjects: readerOf(server, { source: 'backfill' }), onLostCommit: () => undefined },
  }
  return async () => {
    let [lastSeq, commits] = [seq, 0]
    for (const page of walked.pages) {
      const batch = { pages: [page], lastSeq, commits }
      const committed = await commitPages(batch, { account, handling, updatesOf: () => [] })
      lastSeq = committed.seq
      commits += committed.commits
    }
  }
}
