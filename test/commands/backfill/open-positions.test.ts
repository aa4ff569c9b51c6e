import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { type BackfillRequest, backfillRequestOf } from '../../../src/commands/backfill/backfill-request.ts'
import { openStoredPositions } from '../../../src/commands/backfill/open-positions.ts'
import { openAbandonedTransactions } from '../../../src/store/abandoned-transactions.ts'
import { startFaultServer } from '../../support/fault-server.ts'

const server = await startFaultServer()
const { client, db, uri } = server
const leave = fileURLToPath(new URL('../../store/leave-transaction.mjs', import.meta.url))

const cursors = db.collection<{ windows: object[]; completed_at: Date | null }>('billing.cursors')
const dates = { since: '2d', until: '1d', effects: 'none' } as const
const [then, today] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-11-20T00:00:00Z')]

const openingOf = (request: BackfillRequest) => ({
  ...{ request, accounts: request.accounts ?? [], livemode: false, endAbandoned: () => undefined },
})

/** Opens the positions of a run of the account that was begun at a time. */
const openAt = async (now: Date, resource: string, livemode = false) => {
  const request = backfillRequestOf({ account: ['acct_1'], resource: [resource], ...dates }, now)
  const positions = await openStoredPositions({ db }, { ...openingOf(request), livemode })
  const end = (unfinished: readonly string[]) => positions.end({ unfinished, elsewhere: [] })
  const opened = await positions.open('acct_1')
  const ranges = Object.fromEntries(opened.ranges)
  return { ...opened, range: ranges[request.resources[0] ?? ''], ranges, end }
}

/** Opens the positions of a process that backfills accounts, as they are named. */
const openProcess = (account: string) => {
  const request = backfillRequestOf({ account: [account], resource: ['invoices'], ...dates }, then)
  return openStoredPositions({ db }, openingOf(request))
}
/** Tells whether the run of a command is over. */
const isOver = async (account: string): Promise<boolean> => {
  const command = { 'command.accounts': account.split(','), 'command.resources': ['invoices'] }
  return (await cursors.findOne(command))?.completed_at !== null
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
  expect(range?.since).toEqual(new Date('2026-11-18T00:00:00Z'))
})

test('a list that a run of another command began keeps its instants, and no other list has them', async () => {
  await openAt(then, 'subscriptions')
  await cursors.updateOne({ resource: 'subscriptions' }, { $set: { windows: [{ from: 5 }] } })
  const { ranges, positions } = await openAt(today, 'subscriptions,products')
  expect(positions.get('subscriptions')).toEqual([{ from: 5 }])
  expect(ranges).toEqual({
    subscriptions: { since: new Date('2026-10-30T00:00:00Z'), until: new Date('2026-10-31T00:00:00Z') },
    products: { since: new Date('2026-11-18T00:00:00Z'), until: new Date('2026-11-19T00:00:00Z') },
  })
})

test('an account that was left unfinished goes on in the next run, as it began', async () => {
  const first = await openAt(then, 'disputes')
  await cursors.updateOne({ resource: 'disputes' }, { $set: { windows: [{ from: 5 }] } })
  await first.end(['acct_1'])
  const second = await openAt(today, 'disputes')
  expect(second.range?.since).toEqual(new Date('2026-10-30T00:00:00Z'))
  expect(second.positions.get('disputes')).toEqual([{ from: 5 }])
  await second.end(['acct_1'])
  await cursors.updateOne({ resource: 'disputes' }, { $set: { windows: [], completed_at: new Date() } })
  const third = await openAt(today, 'disputes')
  expect(third.positions.get('disputes')).toEqual([])
  await third.end([])
  expect((await openAt(today, 'disputes')).range?.since).toEqual(new Date('2026-11-18T00:00:00Z'))
})

test('of two processes at one run the last ends it, whichever had the other refused', async () => {
  const both = 'acct_2,acct_3'
  const [first, second] = [await openProcess(both), await openProcess(both)]
  await first.claim('acct_2')
  await second.claim('acct_3')
  await expect(second.claim('acct_2')).rejects.toMatchObject({ code: 'backfill_running' })
  await second.release('acct_3', 'unfinished')
  await second.end({ unfinished: ['acct_3'], elsewhere: ['acct_2'] })
  expect(await isOver(both)).toBe(false)
  await first.release('acct_2', 'tried')
  await first.end({ unfinished: [], elsewhere: ['acct_3'] })
  expect(await cursors.findOne({ 'command.accounts': ['acct_2', 'acct_3'] })).toMatchObject({
    completed_at: expect.any(Date),
    unfinished: [{ account: 'acct_3' }],
  })
})

test('a run is not over while an account waits for a process of it that was stopped', async () => {
  const [first, second] = [await openProcess('acct_4'), await openProcess('acct_4')]
  await first.claim('acct_4')
  await second.end({ unfinished: [], elsewhere: ['acct_4'] })
  await first.release('acct_4', 'open')
  await (await openProcess('acct_4')).end({ unfinished: [], elsewhere: ['acct_4'] })
  expect(await isOver('acct_4')).toBe(false)
})

test('a run is over though a backfill of another command has one of its accounts', async () => {
  const other = await openProcess('acct_5')
  await other.claim('acct_5')
  await (await openProcess('acct_5,acct_6')).end({ unfinished: [], elsewhere: ['acct_5'] })
  await other.release('acct_5', 'tried')
  expect(await isOver('acct_5,acct_6')).toBe(true)
})

test('a run with a key of the other mode is another, and so are its positions', async () => {
  const tested = await openAt(then, 'refunds')
  await cursors.updateOne({ resource: 'refunds' }, { $set: { windows: [], completed_at: new Date() } })
  expect((await openAt(today, 'refunds')).positions.get('refunds')).toEqual([])
  const live = await openAt(today, 'refunds', true)
  expect(live.range?.since).toEqual(new Date('2026-11-18T00:00:00Z'))
  expect(live.positions.get('refunds')).toHaveLength(1)
  expect(tested.positions.get('refunds')).toHaveLength(1)
})

test('a restart that can not forget the positions has begun no run that would go on from them', async () => {
  const request = backfillRequestOf(
    { account: ['acct_7'], resource: ['charges'], effects: 'none', restart: true },
    then,
  )
  await server.fail(['delete'], { errorCode: 13 })
  await expect(openStoredPositions({ db }, openingOf(request))).rejects.toMatchObject({
    code: 'config_invalid',
  })
  expect(await cursors.findOne({ 'command.accounts': 'acct_7' })).toBeNull()
  await server.relent()
  await openStoredPositions({ db }, openingOf(request))
  expect(await cursors.findOne({ 'command.accounts': 'acct_7' })).toMatchObject({ insists: true })
})

test('positions open soon where the killed run has left a transaction on one', async () => {
  // Longer than any test: it is not the server that ends it.
  await client.db('admin').command({ setParameter: 1, transactionLifetimeLimitSeconds: 600 })
  const request = backfillRequestOf(
    { account: ['acct_1'], resource: ['customers'], effects: 'none' },
    new Date(),
  )
  const endAbandoned = openAbandonedTransactions(client)
  const positions = await openStoredPositions({ db }, { ...openingOf(request), endAbandoned })
  const first = await positions.open('acct_1')
  const left = [uri, 'acct_1:customers:..:test', 'billing-sync', 'billing.cursors']
  await execa(process.execPath, [leave, ...left], { reject: false })
  expect(await positions.open('acct_1')).toMatchObject({ positions: first.positions })
})
