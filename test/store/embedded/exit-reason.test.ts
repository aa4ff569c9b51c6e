import { expect, test } from 'vitest'
import { exitCodeOf, reasonOfExit } from '../../../src/store/embedded/exit-reason.ts'

test('a system error comes through an exit code whole', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC', errno: -28 })
  expect(reasonOfExit(exitCodeOf(full))).toBe('ENOSPC: no space left on device')
})

test.each([new TypeError('x'), Object.assign(new Error('x'), { errno: -4095 }), 'x'])(
  'anything else ends with 1: %s',
  (error) => {
    expect(exitCodeOf(error)).toBe(1)
  },
)

test.each([0, 1, 13, 99, 100, 255])('exit code %i tells of no system error', (code) => {
  expect(reasonOfExit(code)).toBeNull()
})
