// Two writers at random schedules. The short form runs with the other tests; `npm run test:faults` takes a thousand.

import { beforeAll, describe, expect, test } from 'vitest'
import { listAccounts } from '../../src/store/accounts.ts'
import { collectionIndexes, ensureCollections } from '../../src/store/collections.ts'
import { seedCurrencies } from '../../src/store/currencies.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { describeDifference } from '../oracle/describe-difference.ts'
import { determinedPart } from '../oracle/determined-part.ts'
import { expectedState } from '../oracle/expected-state.ts'
import type { History } from '../oracle/history.ts'
import { openTestDatabase } from '../support/database.ts'
import { deliverHistory, pipelineOptions, storedState } from '../support/deliver-history.ts'
import { checkHistories } from '../support/history-property.ts'

const { client, db } = await openTestDatabase({ ignoreUndefined: true })
const store = openMongoStore({ client, db, parkUnknown: false, retentionMs: 60_000 })

const isFull = process.env.FULL === '1'
const runs = isFull ? 1_000 : 100
const timeoutMs = isFull ? 20 * 60_000 : 600_000

/** Collections that hold what a history comes to. */
const resultNames = Object.keys(collectionIndexes).filter((name) =>
  /^(billing|crm|support|queue)\./.test(name),
)

beforeAll(async () => {
  await ensureCollections(db)
  await seedCurrencies(db)
})

const prepare = async (history: History): Promise<void> => {
  await Promise.all(resultNames.map((name) => db.collection(name).deleteMany({})))
  await listAccounts(db, history.accounts)
  for (const [name, documents] of Object.entries(history.preexisting)) {
    if (documents.length > 0) await db.collection(name).insertMany(structuredClone([...documents]) as never[]) // ids are strings
  }
}

const dump = async (): Promise<Record<string, Record<string, unknown>[]>> =>
  Object.fromEntries(
    await Promise.all(
      resultNames.map(async (name) => [name, await db.collection(name).find().toArray()] as const),
    ),
  )

describe('two writers of the same accounts', () => {
  test('end as in-order delivery does, though they lose commits to each other', {
    timeout: timeoutMs,
  }, async () => {
    let lost = 0
    await checkHistories({ runs, deliveries: 1 }, async ({ history, deliveries }) => {
      await prepare(history)
      const writers = deliveries.map((delivery) => deliverHistory(history, delivery, pipelineOptions(store)))
      for (const { lostCommits } of await Promise.all(writers)) lost += lostCommits
      const expected = determinedPart(expectedState(history, { effects: 'missing' }), history)
      expect(describeDifference(expected, determinedPart(storedState(history, await dump()), history))).toBe(
        '',
      )
      const ids = (await db.collection('queue.jobs').find().toArray()).map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
    })
    expect(lost).toBeGreaterThan(0)
  })
})
