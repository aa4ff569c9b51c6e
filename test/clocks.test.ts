import { expect, test } from 'vitest'
import { earliestWallMs, mostMsBetween, readClocks } from '../src/clocks.ts'

const sentAt = { wallMs: 1_800_000_000_000, steadyMs: 5_000 }

/** The same machine a second later, its wall clock set by so much in between. */
const secondLater = (clockSetMs: number) => ({
  wallMs: sentAt.wallMs + 1_000 + clockSetMs,
  steadyMs: sentAt.steadyMs + 1_000,
})

test('both clocks are read', () => {
  const { wallMs, steadyMs } = readClocks()
  expect(Math.abs(wallMs - (performance.timeOrigin + steadyMs))).toBeLessThan(60_000)
})

test.each([
  ['goes on', 0, 1_000],
  ['is set back', -60_000, 1_000],
  ['is set forward, or the machine slept', 60_000, 61_000],
])('where the wall clock %s, no more time went by than is told', (_, clockSetMs, most) => {
  expect(mostMsBetween(sentAt, secondLater(clockSetMs))).toBe(most)
})

test.each([
  ['goes on', 0, 0],
  ['is set back', -60_000, -60_000],
  ['is set forward', 60_000, 0],
])('where the wall clock %s, an instant is no later than what was written after it', (_, clockSetMs, off) => {
  expect(earliestWallMs(sentAt, secondLater(clockSetMs))).toBe(sentAt.wallMs + off)
})
