import { MongoClient } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { translateMongoErrors } from '../../src/store/mongo-errors.ts'
import { unlessAway } from '../../src/store/unless-away.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()

const never = (): Promise<never> => new Promise(() => undefined)

/** A client of a server that is away. */
const lost = (): MongoClient => {
  const client = new MongoClient('mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=60000')
  onTestFinished(() => client.close())
  return client
}

describe('unlessAway', () => {
  test('answers what the work comes to, signal or not', async () => {
    const work = (): Promise<string> => translateMongoErrors(async () => (await db.stats()).db)
    expect(await unlessAway(client, new AbortController().signal, work)).toBe(db.databaseName)
    expect(await unlessAway(client, AbortSignal.abort(), work)).toBe(db.databaseName)
  })

  test('lets work fail as in an outage where the server is away after the signal', async () => {
    const gone = lost()
    const ping = () => translateMongoErrors(() => gone.db().command({ ping: 1 }))
    const work = () => ping().catch((error: unknown) => ({ failed: error }))
    expect(await unlessAway(gone, AbortSignal.abort(), work)).toMatchObject({
      failed: { code: 'mongodb_unavailable' },
    })
  })

  test('leaves work alone that does not end even then', async () => {
    await expect(unlessAway(lost(), AbortSignal.abort(), never)).rejects.toMatchObject({
      code: 'mongodb_unavailable',
      details: { reason: 'a signal ended the wait' },
    })
  })
})
