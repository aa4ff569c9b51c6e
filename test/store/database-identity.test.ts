import { expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { databaseIdentity } from '../../src/store/database-identity.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const { db: other } = await openTestDatabase()

const prepared = async (database: typeof db): Promise<string> => {
  await ensureCollections(database)
  return databaseIdentity(database)
}

test('a database keeps its identity until it is made anew, and no other has it', async () => {
  const identity = await prepared(db)
  expect(identity).toMatch(/^[0-9a-f]{32}$/)
  await db.collection<{ _id: string }>('billing.accounts').insertOne({ _id: 'acct_1' })
  expect(await prepared(db)).toBe(identity)
  expect(await prepared(other)).not.toBe(identity)
  await db.dropDatabase()
  expect(await prepared(db)).not.toBe(identity)
})
