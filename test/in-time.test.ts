import { expect, test } from 'vitest'
import { inTime } from '../src/in-time.ts'

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

const never = new Promise<never>(() => undefined)

test('work that is through in time is what is answered, and its timer is gone', async () => {
  const before = timers()
  expect(await inTime(Promise.resolve('done'), 60_000, 'late')).toBe('done')
  expect(timers()).toBe(before)
})

test('what stands for late work is answered once its time is over', async () => {
  expect(await inTime(never, 1, 'late')).toBe('late')
})

test('work that fails in time rejects, and leaves no timer either', async () => {
  const before = timers()
  await expect(inTime(Promise.reject(new TypeError('broken')), 60_000, null)).rejects.toThrow('broken')
  expect(timers()).toBe(before)
})

test('work that fails too late is nobody’s', async () => {
  let fail: (error: Error) => void = () => undefined
  const work = new Promise<never>((_, reject) => {
    fail = reject
  })
  expect(await inTime(work, 1, null)).toBeNull()
  fail(new TypeError('too late'))
  await new Promise((resolve) => setImmediate(resolve))
})
