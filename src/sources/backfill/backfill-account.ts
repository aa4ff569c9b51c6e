// One account's backfill: its walk, its commits, and what is to be said at the end. Guarantee: a resource is complete
// only once every page of it is committed.

import { interruption } from '../../core/interruption.ts'
import type { Observation } from '../../core/observation.ts'
import { BillingSyncError } from '../../errors.ts'
import { type EntryOutcome, readKey } from '../../ports/pipeline-store.ts'
import type { AccountTally } from './backfill-tally.ts'
import { CommitLane, type CommitLaneOptions, type FoldedPages } from './commit-lane.ts'
import { type Mending, mendUnlisted } from './mend-unlisted.ts'
import { type FailedEntry, tellInvalid } from './object-failures.ts'
import { RemainingEstimates } from './remaining-estimate.ts'
import { type ListName, type ResourceName, resourceOfKind } from './resources.ts'
import { SeenIds } from './seen-ids.ts'
import { beginningAt } from './unlisted.ts'
import type { WalkedPage } from './walk.ts'
import { type AccountWalk, endsAllLists, walkAccount } from './walk-account.ts'
import { surelyHoldMore } from './windows.ts'

export interface AccountBackfill<Folded extends FoldedPages = FoldedPages>
  extends Pick<CommitLaneOptions<Folded>, 'seq' | 'fold' | 'isWorkedOn'> {
  readonly tally: AccountTally
  readonly walk: Omit<AccountWalk, 'seqNow' | 'takePage'>
  /** When an earlier process began the lists of which it had read something: of those only the rest is seen here. */
  readonly continued: ReadonlyMap<ListName, Date>
  /** Lists of which an earlier process has mended what they no longer show. */
  readonly mended: ReadonlySet<ListName>
  /** Told of lists of which nothing stored is left that they no longer show. */
  readonly onMended: (lists: readonly ListName[]) => Promise<void>
  readonly mending: Mending
  /** Answers how many objects of a resource were stored before then that the list ought to show. */
  readonly countStored: (resource: ResourceName, before: Date) => Promise<number>
  /** Told of an entry that is no object, or could not be applied. */
  readonly onFailed: (entry: FailedEntry) => void
  /** Told what the account needs somebody to know, though nothing went wrong. */
  readonly onWarning: (warning: string) => void
}

/** Backfills the account; the tally tells what came of it. Rejects with what the commits ended with. */
export const backfillAccount = async <Folded extends FoldedPages>(
  options: AccountBackfill<Folded>,
): Promise<BillingSyncError | null> => {
  const { tally, walk, seq, fold, isWorkedOn, continued } = options
  const lane = new CommitLane({ seq, fold, isWorkedOn, onCommitted: countPages(options) })
  // A first import has nothing that could be unlisted: what it has written itself need not be read again.
  const held = await heldBefore([...tally.resources.keys()], options.mending)
  const startedAt = new Date()
  const seen = new Map([...tally.resources.keys()].map((resource) => [resource, new SeenIds()]))
  const takePage = (page: WalkedPage): Promise<void> => {
    if (page.list !== 'invoice_payments') for (const { id } of page.observations) seen.get(page.list)?.add(id)
    return lane.take(page)
  }
  const { complete, failure } = await walkAccount({ ...walk, seqNow: lane.seqNow, takePage })
  await lane.drain()
  for (const resource of complete) {
    const count = tally.resources.get(resource)
    if (count !== undefined) count.complete = true
  }
  if (failure !== null && endsAllLists(failure)) return failure
  if (walk.signal.aborted) return interruption(tally.account)
  const begunAt = (resource: ResourceName) => {
    const began = continued.get(resource)
    return began === undefined ? null : beginningAt(began, walk.clock)
  }
  const unmended = [...seen]
    .map(([resource, ids]) => ({ resource, seen: ids, continuedFrom: begunAt(resource) }))
    .filter(({ resource }) => complete.has(resource) && held.has(resource) && !options.mended.has(resource))
  const { mended, failures } = await mendUnlisted({ resources: unmended, startedAt }, options.mending)
  await options.onMended([...complete].filter((resource) => !failures.has(resource)))
  if (walk.signal.aborted && failures.size > 0) return interruption(tally.account)
  // One that an earlier run has read may have nothing left but its head.
  const owesMore = (resource: ResourceName): boolean => surelyHoldMore(walk.positions.get(resource) ?? [])
  const isSuspect = (resource: ResourceName): boolean =>
    tally.resources.get(resource)?.read === 0 && (!continued.has(resource) || owesMore(resource))
  // Of a list without any object there is something plainer to be said, but to who has heard it and insists.
  const saysMore = walk.isRanged || options.mending.insists
  const trouble = [...failures].find(([resource]) => saysMore || !isSuspect(resource))
  if (failure !== null || walk.isRanged || trouble !== undefined) return failure ?? trouble?.[1] ?? null
  return suspectEmptyLists({ empty: [...complete].filter(isSuspect), mended, startedAt }, options)
}

const heldBefore = async (
  resources: readonly ResourceName[],
  { isAnyStored }: Mending,
): Promise<ReadonlySet<ResourceName>> => {
  const held = await Promise.all(resources.map(isAnyStored))
  return new Set(resources.filter((_, index) => held[index]))
}

const countPages = ({
  tally,
  onFailed,
}: Pick<AccountBackfill, 'tally' | 'onFailed'>): CommitLaneOptions['onCommitted'] => {
  const estimates = new RemainingEstimates()
  const tellFailed = tellingOnce(onFailed)
  return (page, outcomes) => {
    const { list, observations, carried, invalid } = page
    const own = outcomes.slice(0, observations.length)
    const failed = tellFailed(observations, own) + invalid
    const failedCarried = tellFailed(carried, outcomes.slice(observations.length))
    tellInvalid(page, onFailed)
    // They are no objects of a resource, but a run that lost some did not end well.
    if (list === 'invoice_payments') return tally.countFailedAlong(list, failed)
    tally.countFailedAlong(list, failedCarried)
    const count = tally.resources.get(list)
    if (count === undefined) return
    countOutcomes(count, page, own)
    count.remaining = estimates.after(page)
  }
}

// What pages carry several of them may show, and its own list, too: it is told by the first, and counted with it. Answers
// how many were not told before.
const tellingOnce = (onFailed: AccountBackfill['onFailed']) => {
  const told = new Set<string>()
  return (observations: readonly Observation[], outcomes: readonly EntryOutcome[]): number => {
    const before = told.size
    for (const [index, { kind, id }] of observations.entries()) {
      const failure = outcomes[index]?.failure ?? null
      if (failure === null) continue
      const key = readKey({ kind, id })
      if (told.has(key)) continue
      told.add(key)
      onFailed({ list: resourceOfKind(kind) ?? 'invoice_payments', id, failure })
    }
    return told.size - before
  }
}

const countOutcomes = (
  count: { read: number; applied: number; unchanged: number; failed: number },
  { observations, invalid }: WalkedPage,
  outcomes: readonly EntryOutcome[],
): void => {
  const applied = outcomes.filter(({ outcome }) => outcome === 'applied').length
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed').length + invalid
  count.read += observations.length + invalid
  count.applied += applied
  count.failed += failed
  count.unchanged += observations.length + invalid - applied - failed
}

interface EmptyLists {
  readonly empty: readonly ResourceName[]
  readonly mended: ReadonlySet<ResourceName>
  /** When the walk began. */
  readonly startedAt: Date
}

// A list without an object, of an account that has had some since before the walk, is that of another account or mode.
const suspectEmptyLists = async (
  { empty, mended, startedAt }: EmptyLists,
  { tally, countStored, onWarning }: Pick<AccountBackfill, 'tally' | 'countStored' | 'onWarning'>,
): Promise<BillingSyncError | null> => {
  for (const resource of empty) {
    if (mended.has(resource)) continue
    const count = await countStored(resource, startedAt)
    const details = { account: tally.account, resource, count }
    if (count > 0) return new BillingSyncError('list_empty', details)
  }
  if (empty.length === tally.resources.size)
    onWarning('Stripe shows no object at all: check that the key is of the right account and mode')
  return null
}
