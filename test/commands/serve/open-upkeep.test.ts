import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { openServeHandling } from '../../../src/commands/opening/open-handling.ts'
import { openUpkeep } from '../../../src/commands/serve/open-upkeep.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { openLog } from '../../../src/log.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { asOpened, openTestDatabase } from '../../support/database.ts'

const { client, db } = await openTestDatabase()
const database = asOpened({ client, db })
await ensureCollections(db)

test('upkeep that MongoDB never answers is not waited for at the end', async () => {
  const config = await loadConfig({}, '/')
  const handling = await openServeHandling(config, database, { reads: null, onServed: null })
  const asked: string[] = []
  const accountsDue = (): Promise<never> => {
    asked.push('accounts')
    return new Promise(() => undefined)
  }
  const upkeep = openUpkeep(
    {
      ...{ config, database, handling: { ...handling, accountsDue }, calls: null },
      ...{ log: openLog('silent'), catchesUp: false, role: 'all' },
    },
    { backlog: { isFull: false }, wake: () => undefined, returns: new EventEmitter() },
  )
  await upkeep.end()
  expect(asked).toEqual(['accounts'])
})
