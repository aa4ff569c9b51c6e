// Creates a collection's indexes. Others make indexes too: one of theirs that serves as well as one of ours is left to serve.

import {
  type CreateIndexesOptions,
  type Db,
  type Document,
  type IndexDescriptionInfo,
  MongoServerError,
} from 'mongodb'
import { isEqual } from '../core/json.ts'
import { printable } from '../core/printable.ts'
import { BillingSyncError } from '../errors.ts'
import { duplicateKey } from './mongo-errors.ts'

/** An index as `createIndexes` takes it; one without a name gets the one that MongoDB's clients would give it. */
export interface WantedIndex extends CreateIndexesOptions {
  readonly key: Document
}

/** Creates the indexes that are missing. Throws `duplicate_documents`, `index_conflict` and the driver's errors. */
export const createIndexes = async (
  db: Db,
  collection: string,
  wanted: readonly WantedIndex[],
): Promise<void> => {
  try {
    await create(db, collection, wanted)
  } catch (error) {
    if (!isServerError(error, indexConflicts)) throw error
    await createBesideOthers(db, collection, wanted)
  }
}

// One by one: the server does not tell which of several it refused.
const createBesideOthers = async (
  db: Db,
  collection: string,
  wanted: readonly WantedIndex[],
): Promise<void> => {
  const there = await db.collection(collection).indexes()
  for (const index of wanted.filter((one) => !there.some((other) => serves(other, one)))) {
    await create(db, collection, [index]).catch((error: unknown) => {
      if (!isServerError(error, indexConflicts)) throw error
      const details = { collection, name: printable(nameInTheWayOf(index, there)) }
      throw new BillingSyncError('index_conflict', details, { cause: error })
    })
  }
}

/** Server errors 85 IndexOptionsConflict and 86 IndexKeySpecsConflict: same keys or name, and something else that differs. */
const indexConflicts: ReadonlySet<unknown> = new Set([85, 86])

const isServerError = (error: unknown, codes: ReadonlySet<unknown>): error is MongoServerError =>
  error instanceof MongoServerError && codes.has(error.code)

const create = async (db: Db, collection: string, indexes: readonly WantedIndex[]): Promise<void> => {
  if (indexes.length === 0) return
  try {
    await db.command({
      createIndexes: collection,
      indexes: indexes.map((index) => ({ ...index, name: nameOf(index) })),
    })
  } catch (error) {
    if (!isServerError(error, new Set([duplicateKey]))) throw error
    const details = { collection, key: keyInWords(error.errorResponse.keyValue) }
    throw new BillingSyncError('duplicate_documents', details, { cause: error })
  }
}

const nameOf = ({ key, name }: WantedIndex): string =>
  name ??
  Object.entries(key)
    .map(([field, direction]) => `${field}_${direction}`)
    .join('_')

// Look-ups find an index by its keys, whatever its name is. One that has a name of its own may be asked for by it.
const serves = (other: IndexDescriptionInfo, { name, ...wanted }: WantedIndex): boolean => {
  if (name !== undefined || !hasSameKeys(other, wanted.key)) return false
  const { v: _version, key: _key, name: _name, background: _background, ...options } = other
  const { key: _wantedKey, ...wantedOptions } = wanted
  return isEqual(options, wantedOptions)
}

const hasSameKeys = ({ key }: Pick<IndexDescriptionInfo, 'key'>, wanted: Document): boolean =>
  isEqual(Object.entries(key), Object.entries(wanted))

const nameInTheWayOf = (index: WantedIndex, there: readonly IndexDescriptionInfo[]): string => {
  const name = nameOf(index)
  if (there.some((other) => other.name === name)) return name
  const alike = there.find(
    (other) => hasSameKeys(other, index.key) && other.collation?.locale === index.collation?.locale,
  )
  return alike?.name ?? name
}

/** Longest value of a key that is quoted. */
const longestValue = 100

// Ids and currency codes are nobody's secret. Not every server tells them.
const keyInWords = (key: Document | undefined): string =>
  key === undefined
    ? 'one unique key'
    : Object.entries(key)
        .map(([field, value]) => `${field} ${printable(String(value)).slice(0, longestValue)}`)
        .join(' and ')
