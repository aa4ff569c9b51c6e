// A unit of work over documents in memory that counts what it reads.

import type { AccountSettings } from '../../src/core/account.ts'
import type { Effects } from '../../src/unit-of-work/unit-of-work.ts'
import { UnitOfWork } from '../../src/unit-of-work/unit-of-work.ts'
import { account } from '../oracle/hand-written.ts'
import { commitTime } from './event-deliveries.ts'
import { MemoryStore } from './memory-store.ts'

export interface CountedWork {
  readonly work: UnitOfWork
  /** Every read so far: the collection with its field, and what was asked for. */
  readonly reads: { readonly of: string; readonly asked: readonly unknown[] }[]
}

/** Opens a unit of work of `acct_1` over the documents. */
export const openCountedWork = async (
  documents: Readonly<Record<string, readonly Record<string, unknown>[]>> = {},
  told: {
    readonly effects?: Effects
    readonly account?: Partial<AccountSettings>
    readonly after?: UnitOfWork
  } = {},
): Promise<CountedWork> => {
  const store = new MemoryStore([account()], documents)
  const { reader, settings } = await store.openAccount('acct_1')
  const reads: CountedWork['reads'] = []
  const work = new UnitOfWork({
    account: { ...settings, ...told.account },
    effects: told.effects ?? 'missing',
    now: commitTime,
    ...(told.after === undefined ? {} : { after: told.after }),
    reader: {
      byDocumentIds: (collection, ids, fields) => {
        reads.push({ of: collection, asked: ids })
        return reader.byDocumentIds(collection, ids, fields)
      },
      byField: (lookup, values) => {
        reads.push({ of: `${lookup.collection} by ${lookup.field}`, asked: values })
        return reader.byField(lookup, values)
      },
      idsByField: (lookup, values) => {
        reads.push({ of: `${lookup.collection} ids by ${lookup.field}`, asked: values })
        return reader.idsByField(lookup, values)
      },
      currency: (code) => {
        reads.push({ of: 'currency', asked: [code] })
        return reader.currency(code)
      },
    },
  })
  return { work, reads }
}
