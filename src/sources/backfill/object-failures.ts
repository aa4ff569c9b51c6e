// Objects that a backfill could not apply: all are counted by their cause, the first ones are listed.

import { failureOf, type InboxFailure } from '../../core/inbox-row.ts'
import { objectKinds } from '../../core/object-kinds.ts'
import { BillingSyncError } from '../../errors.ts'
import { type ListName, listRows } from './resources.ts'

/** What `--json` prints of one of them. */
export interface ObjectFailure {
  readonly account: string
  /** Where it would be stored, such as `billing.charges`. */
  readonly collection: string
  /** Null for an entry of a list that has no id. */
  readonly stripe_id: string | null
  readonly code: string
  readonly error: string
}

/** Failures listed; more are only counted. */
const mostFailures = 1_000

/** Counts failed objects by their code; `listed` has the first of them. */
export class ObjectFailures {
  readonly listed: ObjectFailure[] = []
  /** How often each code came, failures that are not listed too. */
  readonly causes = new Map<string, number>()
  omitted = 0

  add(failure: ObjectFailure): void {
    this.causes.set(failure.code, (this.causes.get(failure.code) ?? 0) + 1)
    if (this.listed.length < mostFailures) this.listed.push(failure)
    else this.omitted += 1
  }
}

/** An object of one of an account's lists that could not be applied. */
export interface FailedEntry {
  readonly list: ListName
  readonly id: string | null
  readonly failure: InboxFailure
}

/** Returns what is told of an account's failed object. */
export const objectFailureOf = (account: string, { list, id, failure }: FailedEntry): ObjectFailure => ({
  account,
  collection: objectKinds[listRows[list].kind].collection,
  stripe_id: id,
  code: failure.code,
  error: failure.message,
})

/** Tells of the entries of a page of a list that are no objects with an id. */
export const tellInvalid = (
  { list, invalid }: { readonly list: ListName; readonly invalid: number },
  onFailed: (entry: FailedEntry) => void,
): void => {
  const failure = failureOf(new BillingSyncError('entry_invalid', { list: list.replace('_', ' ') }))
  for (let left = invalid; left > 0; left -= 1) onFailed({ list, id: null, failure })
}
