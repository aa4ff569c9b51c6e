import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { backfillRequestOf } from '../../src/commands/backfill-request.ts'
import { openStoredPositions } from '../../src/commands/open-positions.ts'
import { openAbandonedTransactions } from '../../src/store/abandoned-transactions.ts'
import { startFaultServer } from '../support/fault-server.ts'

const { client, db, uri } = await startFaultServer()
const leave = fileURLToPath(new URL('../store/leave-transaction.mjs', import.meta.url))

test('positions open soon where the killed run has left a transaction on one', {
  timeout: 40_000,
}, async () => {
  // As on a server of the user's own; the embedded one ends it by itself before long.
  await client.db('admin').command({ setParameter: 1, transactionLifetimeLimitSeconds: 60 })
  const request = backfillRequestOf(
    { account: ['acct_1'], resource: ['customers'], effects: 'none' },
    new Date(),
  )
  const endAbandoned = openAbandonedTransactions(client)
  const positions = await openStoredPositions({ db }, { request, endAbandoned })
  const first = await positions.open('acct_1')
  const left = [uri, 'acct_1:customers:..', 'billing-sync', 'billing.cursors']
  await execa(process.execPath, [leave, ...left], { reject: false })
  expect(await positions.open('acct_1')).toMatchObject({ positions: first.positions })
})
