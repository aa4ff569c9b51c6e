// The two halves of a backfill for properties: what lists show now, and its commit, which may come much later.

import { foldPages, type PipelinePages } from '../../src/commands/backfill/commit-pages.ts'
import type { PipelineStore } from '../../src/ports/pipeline-store.ts'
import { resourceNames } from '../../src/sources/backfill/resources.ts'
import type { WalkedPage } from '../../src/sources/backfill/walk.ts'
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
      account,
      positions: beginningOf(resourceNames),
      clientOf: () => clientOf(stripe, account),
      seqNow: () => ({ seq, commits: 0 }),
      takePage: walked.take,
    }),
  )
  if (failure !== null) throw new TypeError(`the lists could not be read: ${failure.message}`)
  const handling = {
    ...{ store, effects: 'none' as const, now: () => new Date(), random: () => 0.5 },
    ...{ readObjects: readerOf(server, { source: 'backfill' }), onLostCommit: () => undefined },
  }
  return async () => {
    let [lastSeq, commits] = [seq, 0]
    const fold = (page: WalkedPage, earlier: PipelinePages | null) => {
      const seqNow = earlier?.seq ?? lastSeq
      const batch = {
        ...{ pages: [page], lastSeq: seqNow, commits: commits + seqNow - lastSeq },
        isCrowded: false,
      }
      return foldPages(batch, earlier, { account, handling, foldsAhead: true, updatesOf: () => [] })
    }
    let ahead: Promise<PipelinePages> | null = null
    for (const [index, page] of walked.pages.entries()) {
      const folded: PipelinePages = await (ahead ?? fold(page, null))
      const next = folded.seq === null ? undefined : walked.pages[index + 1]
      // As the lane does it: what comes next is folded while this is committed.
      ahead = next === undefined ? null : fold(next, folded)
      const committed = await folded.commit()
      await ahead
      if (!committed.asFolded || committed.hadOthers) ahead = null
      lastSeq = committed.seq
      commits += committed.commits
    }
  }
}
