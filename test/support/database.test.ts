import { expect, test } from 'vitest'
import { openTestDatabase } from './database.ts'

const { client, db, uri } = await openTestDatabase()

test('transactions commit on the server of the run', async () => {
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await db.collection('notes').insertOne({ text: 'kept' }, { session })
    }),
  )
  expect(await db.collection('notes').countDocuments()).toBe(1)
})

test('the connection string names the database of the file', () => {
  expect(new URL(uri).pathname).toBe(`/${db.databaseName}`)
  expect(client.db().databaseName).toBe(db.databaseName)
})
