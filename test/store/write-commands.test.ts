import type { ClientSession } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import { storableOf } from '../../src/store/storable.ts'
import { insertAll, RefusedWrite, updateAll, type WriteTarget } from '../../src/store/write-commands.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()
const collection = db.collection<{ _id: string }>('written')

beforeEach(async () => {
  await collection.deleteMany({})
})

const inTransaction = (write: (target: WriteTarget) => Promise<unknown>): Promise<unknown> =>
  client.withSession((session: ClientSession) => session.withTransaction(() => write({ db, session })))

const megabyte = 1024 * 1024
/** Megabytes for which one command does not do. Far more, in a cache that other tests fill, the server may refuse to commit. */
const moreThanFits = 18
const documentOf = (number: number, text: string) => storableOf({ _id: `id_${number}`, text })
const count = (length: number, bytes: number) =>
  Array.from({ length }, (_, number) => documentOf(number, 'x'.repeat(bytes)))
const texts = async () => (await collection.find().sort({ _id: 1 }).toArray()) as unknown[]

describe('documents that are inserted', () => {
  test.each([
    ['many that are small', 3_000, 10],
    ['more than a command may hold', moreThanFits, megabyte],
    ['some that need a command of their own', 3, 7 * megabyte],
  ])('are all there: %s', async (_, length, bytes) => {
    await inTransaction((target) => insertAll('written', count(length, bytes), target))
    expect(await collection.countDocuments()).toBe(length)
  })

  test('may be as large as MongoDB holds, and no larger', async () => {
    const around = 16 * megabyte - 100
    await inTransaction((target) => insertAll('written', count(1, around), target))
    expect(await collection.countDocuments()).toBe(1)
    const larger = [documentOf(1, ''), documentOf(2, 'x'.repeat(around + 100))]
    await expect(inTransaction((target) => insertAll('written', larger, target))).rejects.toThrow(RangeError)
    expect(await collection.countDocuments()).toBe(1)
  })

  test('are refused with the code of the server, and none of them is there', async () => {
    await collection.insertOne({ _id: 'id_1' })
    const writing = inTransaction((target) => insertAll('written', count(3, 1), target))
    await expect(writing).rejects.toThrow(RefusedWrite)
    await expect(writing).rejects.toMatchObject({ code: 11_000 })
    expect(await texts()).toEqual([{ _id: 'id_1' }])
  })
})

describe('documents that are updated', () => {
  const replacementOf = (number: number, text: string) => ({
    id: `id_${number}`,
    ...documentOf(number, text),
  })

  test('are counted where they are there', async () => {
    await inTransaction((target) => insertAll('written', count(2, 1), target))
    const updates = [0, 1, 2].map((number) => replacementOf(number, 'new'))
    let matched: unknown
    await inTransaction(async (target) => {
      matched = await updateAll('written', updates, target)
    })
    expect(matched).toBe(2)
    expect(await texts()).toEqual(['id_0', 'id_1'].map((_id) => ({ _id, text: 'new' })))
  })

  test('may be more than a command may hold', async () => {
    await inTransaction((target) => insertAll('written', count(moreThanFits, 1), target))
    const updates = count(moreThanFits, megabyte).map((one) => ({ ...one, id: one.document._id }))
    await inTransaction((target) => updateAll('written', updates, target))
    expect(await collection.countDocuments({ text: 'x'.repeat(megabyte) })).toBe(moreThanFits)
  })
})
