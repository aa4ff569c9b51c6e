import { describe, expect, test } from 'vitest'
import { type EventListQuery, keptSeconds, readEventList } from '../../src/sources/event-list.ts'
import { clientOf, openStripe } from '../../src/sources/stripe/account-client.ts'
import type { EventRecord } from '../support/stripe/event-record.ts'
import { type PlayedStripe, playStripe } from '../support/stripe/played-stripe.ts'
import { PLATFORM_KEYS } from '../support/stripe/world.ts'

const everything = { types: [], undelivered: false, to: null } satisfies Omit<EventListQuery, 'from'>

/** An account with so many events, so many in one second, up to now. */
const busyAccount = async (count: number, perSecond = 1) => {
  const played = await playStripe()
  const { clock } = played.world
  const account = played.world.account('acct_1')
  const customer = account.create('customer')
  clock.set(clock.now() - Math.ceil(count / perSecond))
  const events = Array.from({ length: count - 1 }, (_, index) => {
    if (index % perSecond === 0) clock.advance(1)
    return account.emitAbout('customer.updated', 'customer', customer.id)
  })
  return { ...played, account, customer: customer.id, events: [...customer.events, ...events] }
}

const readAll = async (
  { server, world }: PlayedStripe,
  query: Partial<EventListQuery> = {},
): Promise<readonly (readonly string[])[]> => {
  const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url })
  const now = world.clock.now()
  const found: (readonly string[])[] = []
  const asked = { ...everything, from: now - keptSeconds, ...query }
  for await (const events of readEventList(clientOf(stripe, 'acct_1'), asked, now))
    found.push(events.map(({ id }) => id))
  return found
}

const idsOf = (events: readonly EventRecord[]): readonly string[] =>
  [...events].sort((a, b) => a.created - b.created).map(({ id }) => id)

describe('the list of events', () => {
  test('is read oldest first, whatever the pages', async () => {
    const life = await busyAccount(250)
    expect((await readAll(life)).flat()).toEqual(idsOf(life.events))
    expect(life.server.requests.count({ path: '/v1/events' })).toBe(3)
  })

  test('costs one request where it ends within its first page', async () => {
    const life = await busyAccount(100)
    expect((await readAll(life)).flat()).toHaveLength(100)
    expect(life.server.requests.count({ path: '/v1/events' })).toBe(1)
  })

  test('of many events is read in stretches, each event once and in order', async () => {
    const life = await busyAccount(9_000, 3)
    const found = await readAll(life)
    const created = new Map(life.events.map((event) => [event.id, event.created]))
    const seconds = found.flat().map((id) => created.get(id) ?? Number.NaN)
    expect(new Set(found.flat()).size).toBe(9_000)
    expect(found.flat()).toHaveLength(9_000)
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b))
    expect(Math.max(...found.map(({ length }) => length))).toBeLessThanOrEqual(2_100)
    // 90 pages, and some more to find out where to cut.
    expect(life.server.requests.count({ path: '/v1/events' })).toBeLessThan(170)
  })

  test('of one second is read whole, however long', async () => {
    const life = await busyAccount(2_600, 2_599)
    expect((await readAll(life)).flat()).toHaveLength(2_600)
  })

  test('begins and ends where it is told to', async () => {
    const life = await busyAccount(10)
    const [from, to] = [life.events[3]?.created ?? 0, life.events[6]?.created ?? 0]
    expect((await readAll(life, { from, to })).flat()).toEqual(idsOf(life.events.slice(3, 6)))
  })

  test('is that of the types asked for', async () => {
    const life = await busyAccount(3)
    const product = life.account.create('product')
    expect((await readAll(life, { types: ['product.created', 'product.deleted'] })).flat()).toEqual(
      idsOf(product.events),
    )
  })

  test('is that of all types where more are asked for than Stripe takes', async () => {
    const life = await busyAccount(3)
    const types = Array.from({ length: 21 }, (_, index) => `product.x${index}`)
    expect((await readAll(life, { types })).flat()).toHaveLength(3)
  })

  test('leaves out on demand what every endpoint has taken', async () => {
    const life = await busyAccount(4)
    for (const event of life.events.slice(0, 3)) event.delivered = true
    expect((await readAll(life, { undelivered: true })).flat()).toEqual(idsOf(life.events.slice(3)))
  })

  test('goes on where the last event of a page is gone by then', async () => {
    const life = await busyAccount(150)
    const [oldest] = life.events.slice(50)
    let asked = 0
    life.server.onRequest(() => {
      asked += 1
      // The next page begins after an event that has become older than 30 days in between.
      if (asked === 2) life.world.clock.set((oldest?.created ?? 0) + keptSeconds + 1)
    })
    const found = (await readAll(life)).flat()
    expect(found.length).toBeGreaterThanOrEqual(100)
    expect(new Set(found).size).toBe(found.length)
  })

  test('ends with the error of an account that left', async () => {
    const life = await busyAccount(2)
    life.world.disconnect('acct_1')
    await expect(readAll(life)).rejects.toMatchObject({ code: 'account_invalid' })
  })
})
