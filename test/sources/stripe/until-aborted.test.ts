import { expect, test } from 'vitest'
import { untilAborted } from '../../../src/sources/stripe/until-aborted.ts'

const never = (): Promise<never> => new Promise(() => undefined)
const aLongTimeMs = 60_000

test('work that is done before the signal is answered', async () => {
  const { signal } = new AbortController()
  expect(await untilAborted(Promise.resolve('done'), signal, 0)).toBe('done')
  await expect(untilAborted(Promise.reject(new TypeError('broken')), signal, 0)).rejects.toThrow('broken')
})

test('work that never ends is given up after the signal', async () => {
  const stop = new AbortController()
  const waiting = untilAborted(never(), stop.signal, 1)
  stop.abort(new TypeError('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  await expect(untilAborted(never(), stop.signal, 1)).rejects.toThrow('stopped')
})

test('work that is done soon after the signal is still answered', async () => {
  const stop = new AbortController()
  let finish = (_result: string): void => undefined
  const work = new Promise<string>((resolve) => {
    finish = resolve
  })
  const waiting = untilAborted(work, stop.signal, aLongTimeMs)
  stop.abort()
  finish('done')
  expect(await waiting).toBe('done')
})
