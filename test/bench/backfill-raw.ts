// Deals a backfilled database out into the batches in which the plain driver writes the same documents.

import type { Db, Document } from 'mongodb'
import type { RawBatch } from './raw-writes.ts'

/** Objects of one transaction, as many as a backfill commits at once that is alone. */
export const objectsPerBatch = 300

/** Returns every document of the database, what is mirrored and what follows from it, in about equal shares. */
export const readObjectBatches = async (db: Db, objects: number): Promise<readonly RawBatch[]> => {
  const count = Math.ceil(objects / objectsPerBatch)
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  const contents = await Promise.all(
    names
      .filter((name) => name !== 'currency')
      .map(async (name) => [name, await db.collection(name).find({}).toArray()] as const),
  )
  const ofBatch = (index: number, isWanted: (name: string) => boolean): ReadonlyMap<string, Document[]> =>
    new Map(
      contents
        .filter(([name]) => isWanted(name))
        .map(([name, all]) => [name, shareOf(all, index, count)] as const)
        .filter(([, share]) => share.length > 0),
    )
  const isMirrored = (name: string): boolean => name.startsWith('billing.')
  return Array.from({ length: count }, (_, index) => ({
    mirrored: ofBatch(index, isMirrored),
    added: ofBatch(index, (name) => !isMirrored(name)),
  }))
}

const shareOf = (all: readonly Document[], index: number, count: number): Document[] =>
  all.slice(Math.round((index * all.length) / count), Math.round(((index + 1) * all.length) / count))
