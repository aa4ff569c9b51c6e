// What is stored of one account, as its backfill and its audit ask for it.

import { objectKinds } from '../../core/object-kinds.ts'
import type { AccountBackfill } from '../../sources/backfill/backfill-account.ts'
import type { Mending } from '../../sources/backfill/mend-unlisted.ts'
import { listRows, type ResourceName } from '../../sources/backfill/resources.ts'
import { isAnyAdoptable, MongoAccountReader } from '../../store/account-reader.ts'
import { countListed } from '../../store/count-listed.ts'
import type { Database } from '../../store/database.ts'
import {
  eachStoredOutline,
  isAnyStored,
  newestStored,
  type OutlineQuery,
} from '../../store/stored-objects.ts'
import type { AccountReader } from '../../unit-of-work/reader.ts'
import type { ListRanges } from './open-positions.ts'

/** Outlines are of the mode of the key and within the range of their list: there are none where the key does not tell its mode. */
export interface StoredOfAccount
  extends Pick<AccountBackfill, 'countStored'>,
    Pick<Mending, 'isAnyStored' | 'eachStored'> {
  /** Answers some objects that were stored before then and are not deleted, of a mode: default that of the key. */
  readonly someStored: (before: Date, ofMode?: boolean) => ReturnType<Mending['someStored']>
  readonly reader: AccountReader
  /** Tells whether a customer may adopt a contact of the CRM. */
  readonly isAnyAdoptable: () => Promise<boolean>
}

interface StoredRequest {
  readonly account: string
  /** Mode of the key, null where it does not tell. */
  readonly livemode: boolean | null
  readonly ranges: ListRanges
}

/** Opens what is stored of an account. Each answer rejects with `mongodb_unavailable`. */
export const openStored = (
  { db }: Pick<Database, 'db'>,
  { account, livemode, ranges }: StoredRequest,
): StoredOfAccount => {
  const queryOf = (resource: ResourceName): OutlineQuery | null => {
    const range = ranges.get(resource)
    if (livemode === null || range === undefined) return null
    const { since, until } = range
    return { account, collection: collectionOf(resource), livemode, since, until }
  }
  return {
    countStored: (resource, before) =>
      countListed(db, { account, collection: collectionOf(resource), livemode, before }),
    isAnyStored: async (resource) => {
      const query = queryOf(resource)
      return query !== null && isAnyStored(db, query)
    },
    eachStored: async (resource, take) => {
      const query = queryOf(resource)
      if (query !== null) await eachStoredOutline(db, query, take)
    },
    someStored: async (before, ofMode) => {
      const mode = ofMode ?? livemode
      return mode === null ? [] : newestStored(db, { account, livemode: mode, before })
    },
    reader: new MongoAccountReader(db, account),
    isAnyAdoptable: () => isAnyAdoptable(db, account),
  }
}

const collectionOf = (resource: ResourceName) => objectKinds[listRows[resource].kind].collection
