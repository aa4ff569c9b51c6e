import { once } from 'node:events'
import { expect, test } from 'vitest'
import { UsageClock } from '../../../src/store/embedded/usage-clock.ts'

test('the end comes when the last user has gone for a while', async () => {
  const clock = new UsageClock(20)
  clock.count(2)
  clock.count(1)
  const left = performance.now()
  clock.count(0)
  expect(clock.signal.aborted).toBe(false)
  await once(clock.signal, 'abort')
  expect(performance.now() - left).toBeGreaterThanOrEqual(19)
})

test('a user who comes in time keeps the server', async () => {
  const clock = new UsageClock(5)
  clock.count(0)
  clock.count(1)
  const another = new UsageClock(10)
  another.count(0)
  await once(another.signal, 'abort')
  expect(clock.signal.aborted).toBe(false)
  clock.count(0)
  await once(clock.signal, 'abort')
})

test('told to end without users it ends at once', () => {
  const clock = new UsageClock(60_000)
  clock.endSoon()
  expect(clock.signal.aborted).toBe(true)
})

test('told to end under way it ends with the last user', async () => {
  const clock = new UsageClock(60_000)
  clock.count(1)
  clock.endSoon()
  expect(clock.signal.aborted).toBe(false)
  clock.count(0)
  await once(clock.signal, 'abort')
})
