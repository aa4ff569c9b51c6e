import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { backfillRequestOf } from '../../../src/commands/backfill/backfill-request.ts'
import { openStoredPositions } from '../../../src/commands/backfill/open-positions.ts'
import { openAbandonedTransactions } from '../../../src/store/abandoned-transactions.ts'
import { startFaultServer } from '../../support/fault-server.ts'

const { client, db, uri } = await startFaultServer()
const leave = fileURLToPath(new URL('../../store/leave-transaction.mjs', import.meta.url))

const cursors = db.collection<{ windows: object[]; completed_at: Date | null }>('billing.cursors')
const dates = { since: '2d', until: '1d', effects: 'none' } as const
const [then, today] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-11-20T00:00:00Z')]

/** Opens the positions of a run of the account that was begun at a time. */
const openAt = async (now: Date, resource: string, livemode = false) => {
  const request = backfillRequestOf({ account: ['acct_1'], resource: [resource], ...dates }, now)
  const positions = await openStoredPositions({ db }, { request, livemode, endAbandoned: () => undefined })
  return { range: positions.rangeOf('acct_1'), end: positions.end, ...(await positions.open('acct_1')) }
}

test('a run that goes on has the instants of its beginning, of what it had not read as well', async () => {
  const first = await openAt(then, 'charges')
  const again = await openAt(today, 'charges')
  expect(again.range).toMatchObject({
    since: new Date('2026-10-30T00:00:00Z'),
    until: new Date('2026-10-31T00:00:00Z'),
  })
  expect(again.positions.get('charges')).toEqual(first.positions.get('charges'))
  expect(again.continued.size).toBe(0)
})

test('another run gives a list of which nothing was read its own instants', async () => {
  await openAt(then, 'products')
  const { range, positions } = await openAt(today, 'products,customers')
  const [window] = positions.get('products') ?? []
  expect(window).toMatchObject({
    from: Date.parse('2026-11-18T00:00:00Z') / 1000,
    to: Date.parse('2026-11-19T00:00:00Z') / 1000,
  })
  expect(range.since).toEqual(new Date('2026-11-18T00:00:00Z'))
})

test('an account that was left unfinished goes on in the next run, as it began', async () => {
  const first = await openAt(then, 'disputes')
  await cursors.updateOne({ resource: 'disputes' }, { $set: { windows: [{ from: 5 }] } })
  await first.end(['acct_1'])
  const second = await openAt(today, 'disputes')
  expect(second.range.since).toEqual(new Date('2026-10-30T00:00:00Z'))
  expect(second.positions.get('disputes')).toEqual([{ from: 5 }])
  await second.end(['acct_1'])
  await cursors.updateOne({ resource: 'disputes' }, { $set: { windows: [], completed_at: new Date() } })
  const third = await openAt(today, 'disputes')
  expect(third.positions.get('disputes')).toEqual([])
  await third.end([])
  expect((await openAt(today, 'disputes')).range.since).toEqual(new Date('2026-11-18T00:00:00Z'))
})

test('a run with a key of the other mode is another, and so are its positions', async () => {
  const tested = await openAt(then, 'refunds')
  await cursors.updateOne({ resource: 'refunds' }, { $set: { windows: [], completed_at: new Date() } })
  expect((await openAt(today, 'refunds')).positions.get('refunds')).toEqual([])
  const live = await openAt(today, 'refunds', true)
  expect(live.range.since).toEqual(new Date('2026-11-18T00:00:00Z'))
  expect(live.positions.get('refunds')).toHaveLength(1)
  expect(tested.positions.get('refunds')).toHaveLength(1)
})

test('positions open soon where the killed run has left a transaction on one', async () => {
  // Longer than any test: it is not the server that ends it.
  await client.db('admin').command({ setParameter: 1, transactionLifetimeLimitSeconds: 600 })
  const request = backfillRequestOf(
    { account: ['acct_1'], resource: ['customers'], effects: 'none' },
    new Date(),
  )
  const endAbandoned = openAbandonedTransactions(client)
  const positions = await openStoredPositions({ db }, { request, livemode: false, endAbandoned })
  const first = await positions.open('acct_1')
  const left = [uri, 'acct_1:customers:..:test', 'billing-sync', 'billing.cursors']
  await execa(process.execPath, [leave, ...left], { reject: false })
  expect(await positions.open('acct_1')).toMatchObject({ positions: first.positions })
})
