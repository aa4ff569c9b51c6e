import { expect, test } from 'vitest'
import { openHandling } from '../../../src/commands/opening/open-handling.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { asOpened, openTestDatabase } from '../../support/database.ts'

const { client, db } = await openTestDatabase()

test('whoever waits for MongoDB is told what the database knows of its trouble', async () => {
  const explain = async (error: unknown): Promise<unknown> => error
  const database = { ...asOpened({ client, db }), explain }
  const config = { ...(await loadConfig({}, '/')), stripeKey: undefined }
  const { options } = await openHandling(config, database, { source: 'replay', effects: 'none', reads: null })
  expect(options.explain).toBe(explain)
})
