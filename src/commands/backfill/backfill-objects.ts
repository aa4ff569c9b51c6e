// `backfill --id`: objects retrieved one by one and applied; one that is stored and that Stripe no longer has becomes a
// tombstone.

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
import { resourceOfKind } from '../../sources/backfill/resources.ts'
import { type BackfillRun, handlingOf } from './backfill-one.ts'
import { applySingly, goneBy } from './mend-account.ts'

/** Retrieves and applies the objects of the request. Rejects with a coded error that names all that could not be. */
export const backfillObjects = async (tally: AccountTally, run: BackfillRun): Promise<void> => {
  const handling = handlingOf(tally, run)
  const failures = new Map<string, InboxFailure>()
  for (const id of run.request.ids) {
    const { kind, outcome } = await applyOne(id, { tally, run, handling })
    // After the signal Stripe is asked for nothing, and what it does not answer soon is cut off: no fault of the object.
    if (outcome.failure !== null && run.signal.aborted) throw interruption(tally.account)
    tally.countObjects(resourceOfKind(kind) ?? 'products', [outcome])
    if (outcome.failure !== null) failures.set(id, outcome.failure)
  }
  for (const count of tally.resources.values()) count.complete = count.failed === 0
  if (failures.size > 0) throw errorOf(failures, tally.account)
}

const errorOf = (failures: ReadonlyMap<string, InboxFailure>, account: string): BillingSyncError => {
  const areMissing = [...failures.values()].every(({ code }) => code === missing)
  if (areMissing) return new BillingSyncError(missing, { account, ids: [...failures.keys()].join(', ') })
  const reasons = [...failures].map(([id, { message }]) => `${id}: ${message}`)
  return new BillingSyncError('account_incomplete', { account, reason: reasons.join('; ') })
}

const missing = 'object_missing' satisfies ErrorCode

interface Applying {
  readonly tally: AccountTally
  readonly run: BackfillRun
  readonly handling: ObservationHandling
}

interface Applied {
  readonly kind: ObjectKind
  readonly outcome: EntryOutcome
}

const applyOne = async (id: string, applying: Applying): Promise<Applied> => {
  const { run, handling, tally } = applying
  const kinds = kindsOfId(id, run.request.namesResources ? run.request.resources : null)
  const opened = await run.store.openAccount(tally.account)
  if (opened.parked) throw new BillingSyncError('account_parked', { account: tally.account })
  for (const kind of kinds) {
    const request = { kind, id, afterSecond: 0 }
    const result = (await handling.readObjects(opened, [request])).get(readKey(request))
    if (result === undefined || result.kind === 'missing') continue
    return { kind, outcome: await applyResult(result, applying) }
  }
  return applyMissing({ id, kinds, opened }, applying)
}

const applyResult = async (
  result: Exclude<ReadResult, { kind: 'missing' }>,
  { tally, run, handling }: Applying,
): Promise<EntryOutcome> => {
  if (result.kind === 'disconnected')
    throw new BillingSyncError('account_disconnected', { account: tally.account })
  if (result.kind !== 'seen') return { outcome: 'failed', failure: result.failure }
  return commit(result.observations, { tally, run, handling })
}

const commit = async (
  observations: readonly Observation[],
  { tally, handling }: Applying,
): Promise<EntryOutcome> => {
  const [outcome] = await applySingly(tally.account, observations, handling)
  return outcome ?? { outcome: 'unchanged', failure: null }
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
    return { kind, outcome: await commit([goneBy(applying.run.stripe)(kind, id)], applying) }
  }
  const failure = failureOf(new BillingSyncError(missing, { ids: id, account: opened.settings.id }))
  return { kind: kinds[0] ?? 'product', outcome: { outcome: 'failed', failure } }
}
