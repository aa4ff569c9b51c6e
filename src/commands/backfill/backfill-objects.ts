// `backfill --id`: objects retrieved one by one and applied; one that is stored and that Stripe no longer has becomes a
// tombstone. Guarantee: what was read along with one and could not be stored is told as well.

import { failureOf, type InboxFailure } from '../../core/inbox-row.ts'
import { interruption } from '../../core/interruption.ts'
import { type ObjectKind, objectKinds } from '../../core/object-kinds.ts'
import type { Observation } from '../../core/observation.ts'
import { documentId } from '../../core/projection-document.ts'
import { BillingSyncError, type ErrorCode } from '../../errors.ts'
import type { ObservationHandling } from '../../pipeline/handle-observations.ts'
import { type EntryOutcome, type OpenAccount, type ReadResult, readKey } from '../../ports/pipeline-store.ts'
import type { AccountTally } from '../../sources/backfill/backfill-tally.ts'
import { kindsOfId } from '../../sources/backfill/kind-of-id.ts'
import { type ResourceName, resourceOfKind } from '../../sources/backfill/resources.ts'
import { type BackfillRun, handlingOf } from './backfill-one.ts'
import { applySingly, goneBy } from './mend-account.ts'

/** Retrieves and applies the objects of the request. Rejects with a coded error that names all that could not be. */
export const backfillObjects = async (tally: AccountTally, run: BackfillRun): Promise<void> => {
  const handling = handlingOf(tally, run)
  const failures = new Map<string, FailedObject>()
  for (const id of run.request.ids) {
    const { kind, outcome, failedRelatives } = await applyOne(id, { tally, run, handling })
    const isWhole = outcome.failure === null && failedRelatives.length === 0
    // After the signal Stripe is asked for nothing, and what it does not answer soon is cut off: no fault of the object.
    if (!isWhole && run.signal.aborted) throw interruption(tally.account)
    const resource = resourceOfKind(kind) ?? 'products'
    tally.countObjects(resource, [outcome])
    if (outcome.failure !== null) failures.set(id, { name: id, failure: outcome.failure })
    noteRelatives(failedRelatives, { resource, tally, failures })
  }
  for (const count of tally.resources.values()) count.complete = count.failed === 0
  if (failures.size > 0) throw errorOf(failures, tally.account)
}

/** An object that could not be applied, under what people are told it by. */
interface FailedObject {
  readonly name: string
  readonly failure: InboxFailure
}

interface Noting {
  /** That of the object that they were read along with. */
  readonly resource: ResourceName
  readonly tally: AccountTally
  readonly failures: Map<string, FailedObject>
}

// A relative of several objects of the request, or one that is named in it itself, is told once.
const noteRelatives = (failed: readonly FailedRelative[], { resource, tally, failures }: Noting): void => {
  for (const { kind, id, failure } of failed) {
    if (failures.has(id)) continue
    failures.set(id, { name: `${kind.replace('_', ' ')} ${id}`, failure })
    tally.countFailedAlong(resource, 1)
  }
}

const errorOf = (failures: ReadonlyMap<string, FailedObject>, account: string): BillingSyncError => {
  const failed = [...failures.values()]
  const areMissing = failed.every(({ failure }) => failure.code === missing)
  if (areMissing) return new BillingSyncError(missing, { account, ids: [...failures.keys()].join(', ') })
  const reasons = failed.map(({ name, failure }) => `${name}: ${failure.message}`)
  return new BillingSyncError('account_incomplete', { account, reason: reasons.join('; ') })
}

const missing = 'object_missing' satisfies ErrorCode

interface Applying {
  readonly tally: AccountTally
  readonly run: BackfillRun
  readonly handling: ObservationHandling
}

/** A relative that was read along with an object and could not be stored. */
interface FailedRelative {
  readonly kind: ObjectKind
  readonly id: string
  readonly failure: InboxFailure
}

interface Committed {
  readonly outcome: EntryOutcome
  readonly failedRelatives: readonly FailedRelative[]
}

interface Applied extends Committed {
  readonly kind: ObjectKind
}

const failedWith = (failure: InboxFailure): Committed => ({
  outcome: { outcome: 'failed', failure },
  failedRelatives: [],
})

const applyOne = async (id: string, applying: Applying): Promise<Applied> => {
  const { run, handling, tally } = applying
  const kinds = kindsOfId(id, run.request.namesResources ? run.request.resources : null)
  const opened = await run.store.openAccount(tally.account)
  if (opened.parked) throw new BillingSyncError('account_parked', { account: tally.account })
  for (const kind of kinds) {
    const request = { kind, id, afterSecond: 0 }
    const result = (await handling.readObjects(opened, [request])).get(readKey(request))
    if (result === undefined || result.kind === 'missing') continue
    return { kind, ...(await applyResult(result, applying)) }
  }
  return applyMissing({ id, kinds, opened }, applying)
}

const applyResult = async (
  result: Exclude<ReadResult, { kind: 'missing' }>,
  { tally, run, handling }: Applying,
): Promise<Committed> => {
  if (result.kind === 'disconnected')
    throw new BillingSyncError('account_disconnected', { account: tally.account })
  if (result.kind !== 'seen') return failedWith(result.failure)
  return commit(result.observations, { tally, run, handling })
}

// The first observation is of the object itself.
const commit = async (
  observations: readonly Observation[],
  { tally, handling }: Applying,
): Promise<Committed> => {
  const [outcome, ...others] = await applySingly(tally.account, observations, handling)
  const failedRelatives = observations.slice(1).flatMap(({ kind, id }, index) => {
    const failure = others[index]?.failure ?? null
    return failure === null ? [] : [{ kind, id, failure }]
  })
  return { outcome: outcome ?? { outcome: 'unchanged', failure: null }, failedRelatives }
}

interface Missing {
  readonly id: string
  readonly kinds: readonly ObjectKind[]
  readonly opened: OpenAccount
}

const applyMissing = async ({ id, kinds, opened }: Missing, applying: Applying): Promise<Applied> => {
  const { livemode } = applying.run.stripe
  for (const kind of kinds) {
    const { id: account } = opened.settings
    const [stored] = await opened.reader.byDocumentIds(objectKinds[kind].collection, [
      documentId(account, id),
    ])
    // An object of the other mode is missing for this key alone.
    if (stored === undefined || (livemode !== null && stored.livemode !== livemode)) continue
    return { kind, ...(await commit([goneBy(applying.run.stripe)(kind, id)], applying)) }
  }
  const failure = failureOf(new BillingSyncError(missing, { ids: id, account: opened.settings.id }))
  return { kind: kinds[0] ?? 'product', ...failedWith(failure) }
}
