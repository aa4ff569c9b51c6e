// `backfill --id`: objects retrieved one by one and applied; one that is stored and that Stripe no longer has becomes a
// tombstone. Guarantees: what was read along with one and could not be stored is told as well; a 404 counts only from a
// Stripe that shows something else of the account, be it an object of the same command.

import type { Instant } from '../../clocks.ts'
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
import type { FailedEntry } from '../../sources/backfill/object-failures.ts'
import { type ResourceName, resourceOfKind } from '../../sources/backfill/resources.ts'
import { type BackfillRun, connectionNoter, failureTeller, handlingOf } from './backfill-one.ts'
import { GoneProofs } from './gone-proofs.ts'
import { applySingly, goneBy } from './mend-account.ts'

/** Retrieves and applies the objects of the request. Rejects with a coded error that names all that could not be. */
export const backfillObjects = async (tally: AccountTally, run: BackfillRun): Promise<void> => {
  const applying = {
    ...{ tally, run, handling: handlingOf(tally, run) },
    ...{ proofs: new GoneProofs(tally, run), noteShown: returnNoter(tally, run) },
  }
  const failures = new Map<string, FailedObject>()
  const told = { tally, run, failures, onFailed: failureTeller(tally, run) }
  const unseen: Missing[] = []
  for (const id of run.request.ids) {
    const applied = await applyOne(id, applying)
    if ('opened' in applied) unseen.push(applied)
    else noteApplied(applied, told)
  }
  // Last: by then every object that is there has shown whether this Stripe is the one that the account was mirrored from.
  for (const one of unseen) noteApplied(await applyMissing(one, applying), told)
  for (const count of tally.resources.values()) count.complete = count.failed === 0
  if (failures.size === 0) return
  tally.namesFailures = true
  throw errorOf(failures, tally.account)
}

const noteApplied = (
  { id, kind, outcome, failedRelatives }: Applied,
  { run, ...told }: Pick<Applying, 'run'> & Omit<Noting, 'resource'>,
): void => {
  const { tally } = told
  const isWhole = outcome.failure === null && failedRelatives.length === 0
  // After the signal Stripe is asked for nothing, and what it does not answer soon is cut off: no fault of the object.
  if (!isWhole && run.signal.aborted) throw interruption(tally.account)
  const resource = resourceOfKind(kind) ?? 'products'
  tally.countObjects(resource, [outcome])
  if (outcome.failure !== null) noteFailed({ kind, id, failure: outcome.failure }, { ...told, name: id })
  noteRelatives(failedRelatives, { ...told, resource })
}

// One that failed as a relative before is told already.
const noteFailed = (
  { kind, id, failure }: FailedRelative,
  { name, failures, onFailed }: Pick<Noting, 'failures' | 'onFailed'> & { readonly name: string },
): void => {
  if (!failures.has(id)) onFailed({ list: resourceOfKind(kind) ?? 'invoice_payments', id, failure })
  failures.set(id, { name, failure })
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
  /** Lists it for whoever reads JSON, and logs it. */
  readonly onFailed: (entry: FailedEntry) => void
}

// A relative of several objects of the request, or one that is named in it itself, is told once.
const noteRelatives = (failed: readonly FailedRelative[], { resource, tally, ...told }: Noting): void => {
  for (const relative of failed) {
    const { kind, id } = relative
    if (told.failures.has(id)) continue
    noteFailed(relative, { ...told, name: `${kind.replace('_', ' ')} ${id}` })
    tally.countFailedAlong(resource, 1)
  }
}

const errorOf = (failures: ReadonlyMap<string, FailedObject>, account: string): BillingSyncError => {
  const failed = [...failures.values()]
  const areAll = (code: ErrorCode): boolean => failed.every(({ failure }) => failure.code === code)
  const ids = [...failures.keys()].join(', ')
  if (areAll(missing)) return new BillingSyncError(missing, { account, ids })
  if (areAll(unproved)) return new BillingSyncError(unproved, { account, gone: ids })
  const reasons = failed.map(({ name, failure }) => `${name}: ${failure.message}`)
  return new BillingSyncError('account_incomplete', { account, reason: reasons.join('; ') })
}

const missing = 'object_missing' satisfies ErrorCode
const unproved = 'gone_unproved' satisfies ErrorCode

interface Applying {
  readonly tally: AccountTally
  readonly run: BackfillRun
  readonly handling: ObservationHandling
  readonly proofs: GoneProofs
  /** Notes that the account lets the platform in again, where it was known as cut off when an object of it was asked for. */
  readonly noteShown: (opened: OpenAccount, sentAt: Instant) => Promise<void>
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
  readonly id: string
  readonly kind: ObjectKind
}

const failedWith = (failure: InboxFailure): Committed => ({
  outcome: { outcome: 'failed', failure },
  failedRelatives: [],
})

/** An object that Stripe does not show. */
interface Missing {
  readonly id: string
  readonly kinds: readonly ObjectKind[]
  readonly opened: OpenAccount
  /** Before it was asked for: what is told of it since then is newer. */
  readonly sentAt: Instant
}

const applyOne = async (id: string, applying: Applying): Promise<Applied | Missing> => {
  const { run, handling, tally, proofs } = applying
  const kinds = kindsOfId(id, run.request.namesResources ? run.request.resources : null)
  const opened = await run.store.openAccount(tally.account)
  if (opened.parked) throw new BillingSyncError('account_parked', { account: tally.account })
  const sentAt = run.stripe.clock.sending()
  for (const kind of kinds) {
    const request = { kind, id, afterSecond: 0 }
    const reads = await handling.readObjects(opened, [request])
    const result = reads.get(readKey(request))
    if (result === undefined || result.kind === 'missing') continue
    proofs.learn(reads)
    await noteNews(result, { ...applying, opened, sentAt })
    return { id, kind, ...(await applyResult(result, applying)) }
  }
  return { id, kinds, opened, sentAt }
}

// As lists do it: one that left is asked for nothing by whoever runs beside this, one that is back by everybody.
const noteNews = async (
  result: ReadResult,
  { tally, run, noteShown, opened, sentAt }: Applying & Pick<Missing, 'opened' | 'sentAt'>,
): Promise<void> => {
  if (result.kind === 'disconnected')
    await connectionNoter(tally.account, run).note('disconnected', result.unixSeconds)
  if (result.kind === 'seen') await noteShown(opened, sentAt)
}

// Once, and of when it was asked for: what is told of the account since then is newer.
const returnNoter = (tally: AccountTally, run: BackfillRun): Applying['noteShown'] => {
  let isNoted = false
  return async ({ connection }, sentAt) => {
    if (isNoted || connection?.state !== 'disconnected') return
    await connectionNoter(tally.account, run).note('connected', run.stripe.clock.secondOf(sentAt, null))
    isNoted = true
  }
}

const applyResult = async (
  result: Exclude<ReadResult, { kind: 'missing' }>,
  applying: Applying,
): Promise<Committed> => {
  const { tally } = applying
  if (result.kind === 'disconnected')
    throw new BillingSyncError('account_disconnected', { account: tally.account })
  if (result.kind !== 'seen') return failedWith(result.failure)
  return commit(result.observations, applying)
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

const applyMissing = async ({ id, kinds, opened, sentAt }: Missing, applying: Applying): Promise<Applied> => {
  const { livemode } = applying.run.stripe
  const { id: account } = opened.settings
  for (const kind of kinds) {
    const [stored] = await opened.reader.byDocumentIds(objectKinds[kind].collection, [
      documentId(account, id),
    ])
    // An object of the other mode is missing for this key alone.
    if (stored === undefined || (livemode !== null && stored.livemode !== livemode)) continue
    const refused =
      stored.deleted === true ? null : await refusedBy(stored.livemode, { id, opened }, applying)
    const gone = goneBy(applying.run.stripe)(kind, id, sentAt)
    return { id, kind, ...(refused ?? (await commit([gone], applying))) }
  }
  const failure = failureOf(new BillingSyncError(missing, { ids: id, account }))
  return { id, kind: kinds[0] ?? 'product', ...failedWith(failure) }
}

// Null where the 404 counts: then Stripe has shown something else of the account.
const refusedBy = async (
  livemode: unknown,
  { id, opened }: Pick<Missing, 'id' | 'opened'>,
  applying: Applying,
): Promise<Committed | null> => {
  const sentAt = applying.run.stripe.clock.sending()
  const verdict = await applying.proofs.judge(livemode)
  if (verdict === 'unproved')
    return failedWith(failureOf(new BillingSyncError(unproved, { account: opened.settings.id, gone: id })))
  if (verdict === 'given') {
    await applying.noteShown(opened, sentAt)
    return null
  }
  await noteNews(verdict, { ...applying, opened, sentAt })
  return applyResult(verdict, applying)
}
