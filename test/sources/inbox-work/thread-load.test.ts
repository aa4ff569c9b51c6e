import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ThreadLoad } from '../../../src/sources/inbox-work/thread-load.ts'

/** Keeps the thread for so long. */
const work = (ms: number): void => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('work that had the thread for long lets what else has come go first', async () => {
  const load = new ThreadLoad()
  work(20)
  const order: string[] = []
  const other = nextTurnOfLoop().then(() => order.push('other'))
  const resting = load.rest()
  expect(resting).not.toBeNull()
  await resting
  order.push('work')
  await other
  expect(order).toEqual(['other', 'work'])
})

test('a thread that works all the time is busy, one that waits is not', async () => {
  const load = new ThreadLoad()
  work(400)
  expect(load.isBusy).toBe(true)
  await expect.poll(() => load.isBusy, { timeout: 15_000 }).toBe(false)
})
