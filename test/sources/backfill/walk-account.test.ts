import { expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { type PageRoom, PageRooms, type WantedPage } from '../../../src/sources/backfill/page-rooms.ts'
import { listRows, resourceNames } from '../../../src/sources/backfill/resources.ts'
import { walkAccount } from '../../../src/sources/backfill/walk-account.ts'
import { firstWindow } from '../../../src/sources/backfill/windows.ts'
import { grownAccount } from '../../support/grown-account.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { accountWalk, beginningOf, WalkedPages } from '../../support/walking.ts'

const mongodbDown = new BillingSyncError('mongodb_unavailable', { reason: 'it is stopped' })

test('every object of every resource is handed over, once each', async () => {
  const { server, account } = await grownAccount()
  const walked = new WalkedPages()
  const { complete, failure } = await walkAccount(
    accountWalk(server, { positions: beginningOf(resourceNames), takePage: walked.take }),
  )
  expect(failure).toBeNull()
  expect([...complete].sort()).toEqual([...resourceNames].sort())
  const types = [
    'customer',
    'product',
    'subscription',
    'invoice',
    'charge',
    'refund',
    'dispute',
    'invoice_payment',
  ] as const
  for (const type of types) {
    const ids = walked.idsOf(`${type}s`)
    expect([...ids].sort()).toEqual([...account.ids(type)].sort())
  }
})

test('each page tells of which seconds its objects are', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  populate(account, { customers: 150, secondsApart: 1 })
  const newest = account.now()
  const walked = new WalkedPages()
  const positions = beginningOf(['customers'])
  await walkAccount(accountWalk(server, { positions, takePage: walked.take }))
  const [first, second] = walked.pages
  expect(first).toMatchObject({ until: Number.POSITIVE_INFINITY, from: newest - 99 })
  expect(second).toMatchObject({ until: newest - 99, from: newest - 149 })
})

test('room is asked for with the rank of the list, the second at which its page goes on and the time of the last answer', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  populate(account, { customers: 150, secondsApart: 1 })
  const newest = account.now()
  const one = new PageRooms(1).of('acct_1')
  const asked: WantedPage[] = []
  const take = (wanted: WantedPage) => {
    asked.push(wanted)
    return one.take(wanted)
  }
  const rooms = { isFull: () => false, take }
  await walkAccount(accountWalk(server, { positions: beginningOf(['customers', 'refunds']), rooms }))
  const atFirst = { until: Number.POSITIVE_INFINITY, answerMs: 0 }
  expect(asked.filter(({ rank }) => rank === listRows.refunds.rank)).toEqual([{ rank: 2, ...atFirst }])
  const ofCustomers = asked.filter(({ rank }) => rank === listRows.customers.rank)
  expect(ofCustomers.slice(0, 2)).toEqual([
    { rank: 0, ...atFirst },
    { rank: 0, until: newest - 99, answerMs: expect.any(Number) },
  ])
})

test.each([
  ['where nothing holds its pages up', 16, false, true],
  ['never where its requests wait for their turn', 16, true, false],
  ['never where its pages wait for room', 1, false, false],
])('a long list is cut %s', async (_where, count, isPaced, isCut) => {
  const { server, world } = await playStripe({ latencyMs: 60 })
  populate(world.account('acct_1'), { customers: 500, secondsApart: 60 })
  const walked = new WalkedPages()
  const rooms = new PageRooms(count).of('acct_1')
  const walk = { positions: beginningOf(['customers']), takePage: walked.take, rooms, isPaced: () => isPaced }
  await walkAccount(accountWalk(server, walk))
  expect(new Set(walked.idsOf('customers')).size).toBe(500)
  // The head is a window of its own.
  expect(walked.pages.some(({ position }) => position.length > 2)).toBe(isCut)
})

test('a list that fails leaves at once, though pages of it wait for room that does not come', async () => {
  const { server } = await grownAccount()
  const one = new PageRooms(1).of('acct_1')
  let asked = 0
  const take = (wanted: WantedPage): Promise<PageRoom> => {
    asked += 1
    return asked === 1 ? one.take(wanted) : new Promise(() => undefined)
  }
  const rooms = { isFull: () => false, take }
  const windows = [firstWindow(null, 1), firstWindow(1, null)].map((window) => ({ ...window, isHead: false }))
  const takePage = () => Promise.reject(mongodbDown)
  const walking = walkAccount(
    accountWalk(server, { positions: new Map([['customers', windows]]), rooms, takePage }),
  )
  await expect(walking).rejects.toBe(mongodbDown)
  expect(asked).toBe(2)
})

test('as many requests as like may wait on the signal of a walk', async () => {
  const { server } = await grownAccount()
  const warnings: string[] = []
  const note = ({ name }: Error): void => {
    warnings.push(name)
  }
  process.on('warning', note)
  const { clientOf, ...walk } = accountWalk(server, { positions: beginningOf(['products']) })
  const crowding: typeof clientOf = (resource, signal) => {
    for (let count = 0; count < 20; count += 1) signal.addEventListener('abort', () => undefined)
    return clientOf(resource, signal)
  }
  await walkAccount({ ...walk, clientOf: crowding })
  process.off('warning', note)
  expect(warnings).toEqual([])
})

test('invoice payments are walked with charges alone, and only then', async () => {
  const { server } = await grownAccount()
  await walkAccount(accountWalk(server, { positions: beginningOf(['charges']) }))
  expect(server.requests.count({ path: '/v1/invoice_payments' })).toBeGreaterThan(0)
  server.requests.clear()
  await walkAccount(accountWalk(server, { positions: beginningOf(['customers', 'refunds']) }))
  expect(server.requests.count({ path: '/v1/invoice_payments' })).toBe(0)
})

test('invoices of a range carry their payments, whenever those were made', async () => {
  const { server, world } = await grownAccount()
  const range = { from: world.clock.now() - 10, to: world.clock.now() }
  const walked = new WalkedPages()
  const positions = beginningOf(['invoices'], range)
  await walkAccount(accountWalk(server, { positions, isRanged: true, takePage: walked.take }))
  const carried = walked.pages.flatMap((page) => page.carried)
  expect(carried).toHaveLength(230)
  expect(new Set(carried.map(({ kind }) => kind))).toEqual(new Set(['invoice_payment']))
})

test('an account that leaves in the middle ends all of its lists', async () => {
  const { server, world } = await grownAccount()
  const walked = new WalkedPages()
  const { complete, failure } = await walkAccount(
    accountWalk(server, {
      positions: beginningOf(['invoices', 'charges']),
      takePage: async (page) => {
        if (walked.pages.length === 0) world.disconnect('acct_1')
        await walked.take(page)
      },
    }),
  )
  expect(failure).toMatchObject({ code: 'account_disconnected', details: { account: 'acct_1' } })
  expect([...complete]).toEqual([])
})

test('a wrong key is told by its own code', async () => {
  const { server } = await grownAccount()
  const walk = accountWalk(server, { positions: beginningOf(['customers']) }, 'sk_test_wrong')
  const { failure } = await walkAccount(walk)
  expect(failure).toMatchObject({ code: 'stripe_unauthorized' })
})

test('what keeps being no list for a cut list is trouble that passes, and ends all of them in order', async () => {
  const { server, account } = await grownAccount()
  account.seed('invoice', { lines: Array.from({ length: 15 }, (_, index) => ({ amount: index })) })
  server.faults.add({ path: /lines/ }, { kind: 'wrong_json', body: '{}' }, { times: 5 })
  const { failure } = await walkAccount(accountWalk(server, { positions: beginningOf(['invoices']) }))
  expect(failure).toMatchObject({ code: 'stripe_unavailable' })
})

test('a signal ends the walk between two pages, which is no failure', async () => {
  const { server } = await grownAccount()
  const interrupt = new AbortController()
  const walked = new WalkedPages()
  const { complete, failure } = await walkAccount(
    accountWalk(server, {
      positions: beginningOf(['invoices']),
      signal: interrupt.signal,
      takePage: async (page) => {
        interrupt.abort()
        await walked.take(page)
      },
    }),
  )
  expect({ failure, complete: [...complete] }).toEqual({ failure: null, complete: [] })
  expect(walked.pages.at(-1)?.position).not.toEqual([])
})

test('what the taker of pages throws ends the walk', async () => {
  const { server } = await grownAccount()
  const walk = accountWalk(server, {
    positions: beginningOf(resourceNames),
    takePage: async ({ giveBack }) => {
      giveBack()
      throw mongodbDown
    },
  })
  await expect(walkAccount(walk)).rejects.toBe(mongodbDown)
})

test('a list that was walked to its end before stays complete', async () => {
  const { server } = await grownAccount()
  const positions = new Map([...beginningOf(['customers', 'products']), ['products', []] as const])
  const { complete } = await walkAccount(accountWalk(server, { positions }))
  expect([...complete]).toEqual(['customers', 'products'])
  expect(server.requests.count({ path: '/v1/products' })).toBe(0)
})
