import { expect, test } from 'vitest'
import { hasLiveScreen } from '../../src/ui/has-live-screen.ts'

const terminal = { isTTY: true, columns: 80, rows: 24 }
const allowed = { allowsLiveScreens: true }

test('a terminal has a live screen where the environment allows it', () => {
  expect(hasLiveScreen(terminal, allowed)).toBe(true)
  expect(hasLiveScreen(terminal, { allowsLiveScreens: false })).toBe(false)
})

test.each([
  ['a pipe', { isTTY: false }],
  ['a terminal without columns', { columns: 0 }],
  ['a terminal without rows', { rows: 0 }],
])('%s has none', (_, differing) => {
  expect(hasLiveScreen({ ...terminal, ...differing }, allowed)).toBe(false)
})

test('a stream that tells nothing of a terminal has none', () => {
  const stream = {} as NodeJS.WriteStream // as a file is one
  expect(hasLiveScreen(stream, allowed)).toBe(false)
})
