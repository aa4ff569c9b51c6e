// Looks again at objects on which mirror and Stripe did not agree. Guarantee: only what two looks in a row saw the same
// way, both sides untouched in between, is confirmed; what changes while an audit runs is no drift.

import { fingerprintsOf } from '../../core/content-hash.ts'
import type { Difference, DriftKind } from '../../core/drift.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { Observation } from '../../core/observation.ts'
import type { StoredOutline } from '../../core/stored-outline.ts'
import { BillingSyncError } from '../../errors.ts'
import { type ReadResult, type Reads, readKey } from '../../ports/pipeline-store.ts'

/** What a look found; `isGone`: Stripe has the object no more. */
interface Look {
  readonly found: Difference
  readonly isGone: boolean
}

/** An object to look at again, and what the walk found of it. */
export interface Suspect extends Look {
  readonly kind: ObjectKind
  readonly id: string
}

export interface ConfirmedDrift {
  readonly kind: ObjectKind
  readonly id: string
  readonly drift: DriftKind
  readonly fields: readonly string[]
}

export interface Confirming {
  readonly account: string
  /** Retrieves objects one by one. */
  readonly readSingly: (objects: readonly Pick<Suspect, 'kind' | 'id'>[]) => Promise<Reads>
  readonly compare: (observations: readonly Observation[]) => Promise<readonly Difference[]>
  /** Returns the observation that an object is gone. */
  readonly gone: (kind: ObjectKind, id: string) => Observation
  /** Waits for what is on its way. */
  readonly settle: () => Promise<void>
}

/** Returns the suspicion against a stored object that its list did not show. */
export const unlistedSuspect = (kind: ObjectKind, { id, writtenAt }: StoredOutline): Suspect => {
  const found = { kind, id, drift: 'different', fields: ['deleted'], writtenAt, shows: nothing } as const
  return { kind, id, found, isGone: true }
}

/** The fingerprint of what Stripe shows of an object that is gone. */
const nothing = fingerprintsOf({}, null).to

/** Looks per object at most: one that still changes then is left for another day. */
const mostLooks = 4

/** Objects looked at together. */
const atOnce = 100

/** Returns what is confirmed. Throws `stripe_unavailable` where Stripe can't be asked, `account_disconnected` where it may not. */
export const confirmDrift = async (
  suspects: readonly Suspect[],
  confirming: Confirming,
): Promise<readonly ConfirmedDrift[]> => {
  const confirmed: ConfirmedDrift[] = []
  let open: readonly Looked[] = suspects.map((suspect) => ({ suspect, look: suspect }))
  for (let round = 1; round <= mostLooks && open.length > 0; round += 1) {
    await confirming.settle()
    const next: Looked[] = []
    for (let from = 0; from < open.length; from += atOnce) {
      const chunk = open.slice(from, from + atOnce)
      const looks = await lookAt(
        chunk.map(({ suspect }) => suspect),
        confirming,
      )
      for (const [index, { suspect, look: before }] of chunk.entries()) {
        const look = looks[index] ?? null
        if (look === null) continue
        if (markOf(look) === markOf(before)) confirmed.push(driftOf(look))
        else next.push({ suspect, look })
      }
    }
    open = next
  }
  return confirmed
}

interface Looked {
  readonly suspect: Suspect
  readonly look: Look
}

const markOf = ({ found, isGone }: Look): string => {
  const { drift, fields, writtenAt, shows } = found
  return JSON.stringify([isGone, drift, fields, writtenAt, shows])
}

/** Returns what is told of a look: of what Stripe has no more, that alone. */
export const driftOf = ({ found: { kind, id, drift, fields }, isGone }: Look): ConfirmedDrift =>
  isGone ? { kind, id, drift: 'extra', fields: [] } : { kind, id, drift, fields }

const lookAt = async (
  suspects: readonly Suspect[],
  confirming: Confirming,
): Promise<readonly (Look | null)[]> => {
  const { readSingly, compare } = confirming
  const reads = await readSingly(suspects)
  const seen = suspects.map((suspect) => ({
    suspect,
    ...seenIn(suspect, reads.get(readKey(suspect)), confirming),
  }))
  const differences = await compare(seen.flatMap(({ observations }) => observations))
  const byKey = new Map(differences.map((difference) => [readKey(difference), difference]))
  return seen.map(({ suspect, isGone, isRefused }) => {
    if (isRefused) return suspect.isGone ? null : suspect
    const found = byKey.get(readKey(suspect))
    return found === undefined ? null : { found, isGone }
  })
}

interface Seen {
  readonly observations: readonly Observation[]
  readonly isGone: boolean
  /** True where the key may not retrieve the object: what its list showed is all that there is. */
  readonly isRefused: boolean
}

const seenIn = (
  { kind, id }: Suspect,
  result: ReadResult | undefined,
  { account, gone }: Confirming,
): Seen => {
  if (result?.kind === 'seen') {
    const isGone = result.observations[0]?.deletes === true
    return { observations: result.observations, isGone, isRefused: false }
  }
  if (result?.kind === 'missing') return { observations: [gone(kind, id)], isGone: true, isRefused: false }
  if (result?.kind === 'refused') return { observations: [], isGone: false, isRefused: true }
  throw new BillingSyncError(
    result?.kind === 'disconnected' ? 'account_disconnected' : 'stripe_unavailable',
    {
      account,
    },
  )
}
