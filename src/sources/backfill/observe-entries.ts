// From the objects of a list page to observations: cut sub-lists completed, relatives that they carry observed.

import pLimit from 'p-limit'
import type { JsonObject } from '../../core/json.ts'
import { own, ownObject } from '../../core/json.ts'
import { observeGoneCustomer, observeRead, type ReadStamp } from '../../core/normalise.ts'
import { type ObjectKind, objectKinds } from '../../core/object-kinds.ts'
import type { Observation } from '../../core/observation.ts'
import type { AccountClient } from '../stripe/account-client.ts'
import { pinnedApiVersion } from '../stripe/api-version.ts'
import { observePayments } from '../stripe/observe-relatives.ts'
import { completeLists, cutListsOf } from '../stripe/retrievals.ts'
import { reasonToDoWithout } from '../stripe/stripe-failure.ts'

/** When a page was asked for: the second on Stripe's clock, and the account's commit number before. */
export interface ReadMoment {
  readonly seq: number
  readonly unixSeconds: number
}

export interface ObservedEntries {
  readonly observations: readonly Observation[]
  readonly carried: readonly Observation[]
}

export interface EntryReading {
  readonly kind: ObjectKind
  readonly client: AccountClient
  /** Mode of the key, where it tells. */
  readonly livemode: boolean | null
  /** Told of lists that the key may not read; they stay cut. */
  readonly onRefusedHelper: (what: string) => void
}

type Listed = JsonObject & { readonly id: string }

/** Objects whose cut lists are completed at once. */
const completionsAtOnce = 5

/** Returns the observations of a page's objects. Throws as `completeLists` does, but for what the key may not read, and `stripe_refused`. */
export const observeEntries = async (
  objects: readonly Listed[],
  moment: ReadMoment,
  reading: EntryReading,
): Promise<ObservedEntries> => {
  const stamp: ReadStamp = {
    ...moment,
    apiVersion: pinnedApiVersion,
    livemode: reading.livemode,
    source: 'backfill',
    single: false,
  }
  const limit = pLimit(completionsAtOnce)
  const whole = await Promise.all(
    objects.map((object) =>
      hasCutList(reading.kind, object) ? limit(() => complete(object, reading)) : object,
    ),
  )
  return {
    observations: whole.map((object) => observeListed(object, stamp, reading.kind)),
    carried: whole.flatMap((object) => [
      ...observePayments(own(ownObject(object, 'payments'), 'data'), stamp),
      ...observeGoneCustomer(object, stamp),
    ]),
  }
}

const observeListed = (object: Listed, stamp: ReadStamp, kind: ObjectKind): Observation => {
  const seen = observeRead(kind, object, stamp)
  const livemode = own(object, 'livemode')
  return { ...seen, livemode: typeof livemode === 'boolean' ? livemode : seen.livemode }
}

const hasCutList = (kind: ObjectKind, object: Listed): boolean =>
  [...objectKinds[kind].lists, ...objectKinds[kind].snapshots].some(
    (name) => own(ownObject(object, name), 'has_more') === true,
  )

const complete = async (object: Listed, { client, kind, onRefusedHelper }: EntryReading): Promise<Listed> => {
  try {
    return { ...(await completeLists(client, kind, object)), id: object.id }
  } catch (error) {
    const what = cutListsOf(kind)
    // What is gone by now is shown as the list showed it.
    if (reasonToDoWithout(error, what) === 'forbidden') onRefusedHelper(what)
    return object
  }
}
