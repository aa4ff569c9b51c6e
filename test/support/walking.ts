// Walks of a played Stripe's lists, and what they hand over.

import { readClocks } from '../../src/clocks.ts'
import { PageRooms } from '../../src/sources/backfill/page-rooms.ts'
import { type ListName, listsOf, type ResourceName } from '../../src/sources/backfill/resources.ts'
import type { Position, WalkedPage } from '../../src/sources/backfill/walk.ts'
import type { AccountWalk } from '../../src/sources/backfill/walk-account.ts'
import { firstWindow } from '../../src/sources/backfill/windows.ts'
import { clientOf, openStripe } from '../../src/sources/stripe/account-client.ts'
import { StripeClock } from '../../src/sources/stripe/stripe-clock.ts'
import type { StripeServer } from './stripe/stripe-server.ts'
import { PLATFORM_KEYS } from './stripe/world.ts'

/** What a walk handed over, in its order. */
export class WalkedPages {
  readonly pages: WalkedPage[] = []

  readonly take = async (page: WalkedPage): Promise<void> => {
    this.pages.push(page)
    page.giveBack()
  }

  /** Ids of one list's objects, in the order in which they came. */
  idsOf(list: ListName): readonly string[] {
    return this.pages
      .filter((page) => page.list === list)
      .flatMap(({ observations }) => observations.map(({ id }) => id))
  }
}

/** Returns positions at the beginning of the lists of the resources. */
export const beginningOf = (
  resources: readonly ResourceName[],
  { from = null, to = null }: { readonly from?: number | null; readonly to?: number | null } = {},
): ReadonlyMap<ListName, Position> =>
  new Map(listsOf(resources).map((list): [ListName, Position] => [list, [firstWindow(from, to)]]))

/** Returns a walk of acct_1 with the platform's test key, at no pace. */
export const accountWalk = (
  server: StripeServer,
  walk: Partial<AccountWalk> & Pick<AccountWalk, 'positions'>,
  secretKey: string = PLATFORM_KEYS.test,
): AccountWalk => {
  const stripe = openStripe({ secretKey, apiBase: server.url })
  return {
    account: 'acct_1',
    isRanged: false,
    clientOf: () => clientOf(stripe, 'acct_1'),
    clock: new StripeClock(readClocks),
    livemode: false,
    seqNow: () => ({ seq: 0, commits: 0 }),
    takePage: async ({ giveBack }) => giveBack(),
    rooms: new PageRooms(16).of('acct_1'),
    onRefusedHelper: () => undefined,
    signal: new AbortController().signal,
    ...walk,
  }
}
