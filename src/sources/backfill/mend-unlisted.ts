// After a walk: stored objects that their list did not show are retrieved one by one. Guarantees: only an answer of
// `deleted: true` or 404 makes a tombstone; a 404 counts only from a Stripe that shows something else of what is stored
// of the account, so that a wrong key, mode or address deletes nothing; where too much is gone to be believed, nothing
// is done unless a person insists. Each object costs one request, and all of them together a few where Stripe shows
// nothing that is known.

import { type Instant, readClocks } from '../../clocks.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { Observation } from '../../core/observation.ts'
import type { StoredOutline } from '../../core/stored-outline.ts'
import { BillingSyncError } from '../../errors.ts'
import { type ReadResult, readKey } from '../../ports/pipeline-store.ts'
import { GoneProof, type Proving, type SingleObject } from './gone-proof.ts'
import { listRows, type ResourceName } from './resources.ts'
import { findUnlisted, isTooMuchGone, type ListedResource, type Unlisted } from './unlisted.ts'

export interface Mending extends Proving {
  readonly account: string
  /** True where a person has seen that much is gone and goes on. */
  readonly insists: boolean
  /** Tells whether `eachStored` would hand over anything. */
  readonly isAnyStored: (resource: ResourceName) => Promise<boolean>
  readonly eachStored: (resource: ResourceName, take: (outline: StoredOutline) => void) => Promise<void>
  /** Returns the observation that an object is gone, as of when it was asked for. */
  readonly gone: (kind: ObjectKind, id: string, askedAt: Instant) => Observation
  /** Applies what was read of the objects of a resource. */
  readonly apply: (resource: ResourceName, observations: readonly Observation[]) => Promise<void>
}

/** Resources that were walked from their beginning to their end, and when the walk began. */
export interface Walked {
  readonly resources: readonly (Pick<ListedResource, 'seen' | 'continuedFrom'> & {
    readonly resource: ResourceName
  })[]
  readonly startedAt: Date
}

export interface MendedResources {
  /** Resources of which something was gone, and is marked now. */
  readonly mended: ReadonlySet<ResourceName>
  /** What kept others from it. */
  readonly failures: ReadonlyMap<ResourceName, BillingSyncError>
}

/** Objects retrieved and applied together; fewer until Stripe is known to show something of what is stored. */
const atOnce = 100
const atOnceUnproved = 5

/** Mends what the lists did not show. Rejects as the store does; never for what Stripe answers. */
export const mendUnlisted = async (
  { resources, startedAt }: Walked,
  mending: Mending,
): Promise<MendedResources> => {
  const found: Found[] = []
  for (const { resource, ...listed } of resources) {
    const eachStored = (take: (outline: StoredOutline) => void) => mending.eachStored(resource, take)
    found.push({ resource, unlisted: await findUnlisted({ ...listed, startedAt, eachStored }) })
  }
  const isGiven = found.some(({ unlisted }) => unlisted.stillThere > 0)
  const proof = new GoneProof(mending, { isGiven, before: startedAt })
  const mended = new Set<ResourceName>()
  const failures = new Map<ResourceName, BillingSyncError>()
  for (const one of found) {
    const failure = await mendOne(one, mending, proof)
    if (failure !== null) failures.set(one.resource, failure)
    else if (one.unlisted.count > 0) mended.add(one.resource)
  }
  return { mended, failures }
}

interface Found {
  readonly resource: ResourceName
  readonly unlisted: Unlisted
}

const mendOne = async (
  { resource, unlisted }: Found,
  mending: Mending,
  proof: GoneProof,
): Promise<BillingSyncError | null> => {
  const { objects, listedTombstones, count, stored } = unlisted
  const { account, insists } = mending
  if (isTooMuchGone(unlisted) && !insists)
    return new BillingSyncError('too_much_gone', { account, resource, count, stored })
  let rest = [...objects, ...listedTombstones].map(({ id }) => ({ kind: listRows[resource].kind, id }))
  while (rest.length > 0) {
    const chunk = rest.slice(0, proof.isKnown ? atOnce : atOnceUnproved)
    // What is told of an object since then is newer, however long the others and the proof take.
    const askedAt = readClocks()
    const reads = await mending.readSingly(chunk)
    proof.learn(reads)
    const results = chunk.map((object) => ({ ...object, result: reads.get(readKey(object)) }))
    const trouble = results.map(({ result }) => troubleIn(result, account)).find((one) => one !== null)
    if (trouble !== undefined) return trouble
    const isMissing = results.some(({ result }) => result?.kind === 'missing')
    const verdict = isMissing ? await proof.judge() : 'given'
    const isProved = verdict === 'given'
    await mending.apply(
      resource,
      results.flatMap((one) => observationsOf(one, { isProved, mending, askedAt })),
    )
    // Of a Stripe that knows nothing of the account the others would be answered the same.
    if (!isProved) {
      const unproved = typeof verdict === 'string' ? null : troubleIn(verdict, account)
      if (unproved !== null) return unproved
      const gone = `those tried of ${rest.length} stored ${resource} that it does not list`
      return new BillingSyncError('gone_unproved', { account, gone })
    }
    rest = rest.slice(chunk.length)
  }
  return null
}

type Retrieved = SingleObject & { readonly result: ReadResult | undefined }

const observationsOf = (
  { kind, id, result }: Retrieved,
  {
    isProved,
    mending,
    askedAt,
  }: { readonly isProved: boolean; readonly mending: Mending; readonly askedAt: Instant },
): readonly Observation[] => {
  if (result?.kind === 'seen') return result.observations
  return result?.kind === 'missing' && isProved ? [mending.gone(kind, id, askedAt)] : []
}

// An object that the key may not retrieve stays as it is.
const troubleIn = (result: ReadResult | undefined, account: string): BillingSyncError | null => {
  if (result?.kind === 'disconnected') return new BillingSyncError('account_disconnected', { account })
  const isUnknown = result === undefined || result.kind === 'waiting'
  return isUnknown ? new BillingSyncError('stripe_unavailable', { account }) : null
}
