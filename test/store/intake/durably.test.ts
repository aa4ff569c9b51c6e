import { expect, test } from 'vitest'
import { durably } from '../../../src/store/intake/durably.ts'
import { openTestDatabase } from '../../support/database.ts'

// The test's own client asks for less, so that nothing but the command itself can ask for more.
const { client, db } = await openTestDatabase({ monitorCommands: true, writeConcern: { w: 1 } })

test('a write is answered once a majority has it in its journal', async () => {
  const asked: unknown[] = []
  client.on('commandStarted', ({ commandName, command }) => {
    if (commandName === 'insert') asked.push(command.writeConcern)
  })
  const insert = { insert: 'rows', documents: [{ _id: 1 }, { _id: 1 }], ordered: false }
  const { writeErrors } = await durably(db, insert, AbortSignal.timeout(10_000))
  expect(asked).toEqual([{ w: 'majority', j: true }])
  expect(writeErrors).toMatchObject([{ index: 1, code: 11_000 }])
})

test('a write whose time is up is an outage', async () => {
  const insert = { insert: 'rows', documents: [{ _id: 2 }] }
  await expect(durably(db, insert, AbortSignal.abort())).rejects.toMatchObject({
    code: 'mongodb_unavailable',
  })
})
