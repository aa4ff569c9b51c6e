import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { AccountLanes, type LaneItem, type LanePace } from '../../src/sources/account-lanes.ts'

interface Item extends LaneItem {
  readonly number: number
  readonly id?: string
}

const idOf = ({ id, number }: Item): string => id ?? String(number)

const atOnce: LanePace = { itemsPerSecond: null, signal: new AbortController().signal }
const item = (number: number, account = 'acct_1', size = 1): Item => ({ account, number, size })

/** Lanes that note their batches, and hold each until it is let go where `held` says so. */
const open = ({ held = false, pace = atOnce }: { held?: boolean; pace?: LanePace } = {}) => {
  const batches: { account: string; numbers: readonly number[]; at: number }[] = []
  const waiting: (() => void)[] = []
  let busiest = 0
  const running: string[] = []
  const lanes = new AccountLanes<Item>(
    async (account, items) => {
      batches.push({ account, numbers: items.map(({ number }) => number), at: performance.now() })
      expect(running).not.toContain(account)
      running.push(account)
      busiest = Math.max(busiest, running.length)
      if (held) await new Promise<void>((resolve) => waiting.push(resolve))
      else await turn()
      running.splice(running.indexOf(account), 1)
    },
    idOf,
    pace,
  )
  const letGo = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  return { lanes, batches, letGo, busiest: () => busiest }
}

describe('lanes of accounts', () => {
  test('handle every item once, in the order of its account', async () => {
    const { lanes, batches } = open()
    for (let number = 0; number < 3_000; number += 1) await lanes.push(item(number, `acct_${number % 7}`))
    await lanes.drain()
    for (let account = 0; account < 7; account += 1) {
      const numbers = batches
        .filter((batch) => batch.account === `acct_${account}`)
        .flatMap((batch) => batch.numbers)
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => account + 7 * index))
    }
    expect(batches.flatMap(({ numbers }) => numbers)).toHaveLength(3_000)
  })

  test('run two batches at once, of one account only one', async () => {
    const { lanes, busiest } = open()
    for (let number = 0; number < 4_000; number += 1) await lanes.push(item(number, `acct_${number % 3}`))
    await lanes.drain()
    expect(busiest()).toBe(2)
  })

  test('cut batches at 700 items and at 8 MiB', async () => {
    const { lanes, batches } = open()
    for (let number = 0; number < 1_600; number += 1) await lanes.push(item(number))
    for (let number = 0; number < 3; number += 1)
      await lanes.push(item(number, 'acct_large', 5 * 1024 * 1024))
    await lanes.drain()
    expect(
      batches.filter(({ account }) => account === 'acct_1').map(({ numbers }) => numbers.length),
    ).toEqual([700, 700, 200])
    expect(batches.filter(({ account }) => account === 'acct_large')).toHaveLength(3)
  })

  const megabyte = 1024 * 1024

  test('keep heavy items in batches of their own', async () => {
    const { lanes, batches } = open()
    for (let number = 0; number < 9; number += 1)
      await lanes.push(item(number, 'acct_1', number % 3 === 1 ? megabyte : 1))
    await lanes.drain()
    expect(batches.map(({ numbers }) => numbers)).toEqual([
      [0, 2, 3, 5, 6, 8],
      [1, 4, 7],
    ])
  })

  test('let no item overtake another of its id', async () => {
    const { lanes, batches } = open()
    const items = [item(0), item(1, 'acct_1', megabyte), item(2), { ...item(3), id: '1' }, item(4)]
    for (const one of items) await lanes.push(one)
    await lanes.drain()
    expect(batches.map(({ numbers }) => numbers)).toEqual([[0, 2], [1], [3, 4]])
  })

  test('handle what waits before there is more, until told to wait again', async () => {
    const { lanes, batches } = open()
    for (const account of ['acct_1', 'acct_2', 'acct_3']) await lanes.push(item(0, account))
    expect(batches).toEqual([])
    await lanes.settle(() => batches.length > 0)
    expect(batches).toHaveLength(2)
    expect(lanes.waiting).toBe(1)
    await lanes.settle(() => false)
    expect(lanes.waiting).toBe(0)
  })

  test('hold back their source while too much waits', async () => {
    const { lanes, letGo } = open({ held: true })
    let pushed = 0
    const pushing = (async () => {
      for (let number = 0; number < 20_000; number += 1) {
        await lanes.push(item(number))
        pushed += 1
      }
    })()
    await turn()
    await turn()
    expect(pushed).toBeLessThan(9_000)
    for (let done = false; !done; ) {
      letGo()
      done = await Promise.race([pushing.then(() => true), turn(false)])
    }
    const drained = lanes.drain().then(() => true)
    while (!(await Promise.race([drained, turn(false)]))) letGo()
    expect(pushed).toBe(20_000)
  })

  test('tell the fault of a batch to whoever pushes, settles or drains', async () => {
    const lanes = new AccountLanes<Item>(() => Promise.reject(new TypeError('broken')), idOf, atOnce)
    await lanes.push(item(1))
    await expect(lanes.settle(() => false)).rejects.toThrow('broken')
    await expect(lanes.drain()).rejects.toThrow('broken')
  })

  test('give each account its pace, and none once they are ended', async () => {
    const ending = new AbortController()
    const { lanes, batches } = open({ pace: { itemsPerSecond: 5, signal: ending.signal } })
    for (let number = 0; number < 10; number += 1) await lanes.push(item(number))
    await lanes.drain()
    const [first, second] = batches
    expect(batches.map(({ numbers }) => numbers.length)).toEqual([5, 5])
    expect(Number(second?.at) - Number(first?.at)).toBeGreaterThanOrEqual(990)
    ending.abort()
    const started = performance.now()
    for (let number = 0; number < 50; number += 1) await lanes.push(item(number))
    await lanes.drain()
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
