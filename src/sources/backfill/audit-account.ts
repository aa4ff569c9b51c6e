// The drift audit of one account: its lists are walked and compared with what is stored, then what is stored with the
// lists. Guarantees: nothing is written; memory does not grow with the number of objects but for their hashed ids;
// what the walk found is looked at again before it counts.

import type { Difference } from '../../core/drift.ts'
import type { StoredOutline } from '../../core/stored-outline.ts'
import type { BillingSyncError } from '../../errors.ts'
import { readKey } from '../../ports/pipeline-store.ts'
import type { AccountTally, ResourceProgress } from './backfill-tally.ts'
import {
  type ConfirmedDrift,
  type Confirming,
  confirmDrift,
  driftOf,
  type Suspect,
  unlistedSuspect,
} from './confirm-drift.ts'
import { type FailedEntry, tellInvalid } from './object-failures.ts'
import { RemainingEstimates } from './remaining-estimate.ts'
import { type ListName, listRows, type ResourceName } from './resources.ts'
import { SeenIds } from './seen-ids.ts'
import { findUnlisted } from './unlisted.ts'
import type { WalkedPage } from './walk.ts'
import { type AccountWalk, endsAllLists, walkAccount } from './walk-account.ts'

export interface AccountAudit extends Confirming {
  readonly tally: AccountTally
  readonly walk: Omit<AccountWalk, 'seqNow' | 'takePage'>
  /** Hands over what is stored of a resource within the range of the walk; nothing where the key does not tell its mode. */
  readonly eachStored: (resource: ResourceName, take: (outline: StoredOutline) => void) => Promise<void>
  /** Told of an entry that is no object. */
  readonly onFailed: (entry: FailedEntry) => void
}

export interface AuditedAccount {
  readonly drift: readonly ConfirmedDrift[]
  /** Objects that differ beyond those that were listed. */
  readonly omitted: number
  readonly failure: BillingSyncError | null
}

/** Objects that are looked at again, each at the cost of a request; of more, what the walk found counts. */
const mostConfirmed = 1_000

/** Objects that are listed; of more, only their number. */
const mostListed = 10_000

/** Audits the account. Rejects with `stripe_unavailable` or `account_disconnected`, and for what reading the store rejects with. */
export const auditAccount = async (audit: AccountAudit): Promise<AuditedAccount> => {
  const { tally, walk } = audit
  const startedAt = new Date()
  const findings = new Findings()
  const { complete, failure } = await walkAccount({
    ...walk,
    seqNow: () => ({ seq: 0, commits: 0 }),
    takePage: (page) => findings.take(page, audit),
  })
  for (const resource of complete) {
    const count = tally.resources.get(resource)
    if (count !== undefined) count.complete = true
    const { seen } = findings
    const eachStored = (take: (outline: StoredOutline) => void) => audit.eachStored(resource, take)
    const unlisted = await findUnlisted({ seen: seen(resource), startedAt, continuedFrom: null, eachStored })
    findings.addUnlisted(resource, unlisted)
  }
  if ((failure !== null && endsAllLists(failure)) || walk.signal.aborted)
    return { drift: [], omitted: 0, failure }
  const { suspects, omitted } = findings
  const confirmed = await confirmDrift(suspects.slice(0, mostConfirmed), audit)
  return { drift: [...confirmed, ...suspects.slice(mostConfirmed).map(driftOf)], omitted, failure }
}

/** What a walk found so far. */
class Findings {
  readonly #seen = new Map<ListName, SeenIds>()
  readonly #suspects = new Map<string, Suspect>()
  readonly #estimates = new RemainingEstimates()
  omitted = 0

  get suspects(): readonly Suspect[] {
    return [...this.#suspects.values()]
  }

  readonly seen = (list: ListName): SeenIds => {
    const seen = this.#seen.get(list) ?? new SeenIds()
    this.#seen.set(list, seen)
    return seen
  }

  async take(page: WalkedPage, { compare, tally, onFailed }: AccountAudit): Promise<void> {
    try {
      const { observations, carried } = page
      const seen = this.seen(page.list)
      for (const { id } of observations) seen.add(id)
      const differences = await compare([...observations, ...carried])
      for (const found of differences) this.#suspect({ kind: found.kind, id: found.id, found, isGone: false })
      tellInvalid(page, onFailed)
      if (page.list === 'invoice_payments') return tally.countFailedAlong(page.list, page.invalid)
      const counted = tally.resources.get(page.list)
      if (counted === undefined) return
      count(counted, page, differences)
      counted.remaining = this.#estimates.after(page)
    } finally {
      page.giveBack()
    }
  }

  addUnlisted(
    resource: ResourceName,
    { objects, count }: { objects: readonly StoredOutline[]; count: number },
  ): void {
    for (const outline of objects) this.#suspect(unlistedSuspect(listRows[resource].kind, outline))
    this.omitted += count - objects.length
  }

  // A later look at the same object has seen a later state.
  #suspect(suspect: Suspect): void {
    const key = readKey(suspect)
    if (this.#suspects.size < mostListed || this.#suspects.has(key)) this.#suspects.set(key, suspect)
    else this.omitted += 1
  }
}

const count = (
  counted: ResourceProgress,
  { list, observations, invalid }: WalkedPage,
  differences: readonly Difference[],
): void => {
  const { kind } = listRows[list]
  const differing = new Set(differences.filter((found) => found.kind === kind).map(({ id }) => id))
  counted.read += observations.length + invalid
  counted.failed += invalid
  counted.unchanged += observations.filter(({ id }) => !differing.has(id)).length
}
