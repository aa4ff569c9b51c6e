import { expect, test } from 'vitest'
import { StripeClock } from '../../../src/sources/stripe/stripe-clock.ts'

const second = 1_800_000_000

/** A machine and Stripe, whose clocks a test moves. */
const twoClocks = ({ wallAheadMs = 0 } = {}) => {
  let trueMs = second * 1_000
  let wallMs = trueMs + wallAheadMs
  let steadyMs = 7_000
  const clock = new StripeClock(() => ({ wallMs, steadyMs }))
  return {
    clock,
    trueSecond: () => Math.floor(trueMs / 1_000),
    date: () => new Date(trueMs).toUTCString(),
    pass: (ms: number) => {
      trueMs += ms
      wallMs += ms
      steadyMs += ms
    },
    set: (ms: number) => {
      wallMs += ms
    },
    sleep: (ms: number) => {
      trueMs += ms
      wallMs += ms
    },
  }
}

type Clocks = ReturnType<typeof twoClocks>

/** Sends a request and answers how much later it was stamped than it was sent, in seconds. */
const readLate = (
  { clock, date, pass, trueSecond }: Clocks,
  { wayMs = 20, meanwhile = (): void => undefined } = {},
): number => {
  const [sentAt, sent] = [clock.sending(), trueSecond()]
  pass(wayMs)
  const answered = date()
  meanwhile()
  pass(wayMs)
  return clock.secondOf(sentAt, answered) - sent
}

/** Reads so often that Stripe's clock is known to the tenth of a second, and ends in the middle of one. */
const learn = (clocks: Clocks): void => {
  for (let reads = 0; reads < 30; reads += 1) {
    readLate(clocks)
    clocks.pass(10)
  }
}

const jumps = [
  ['forward', 3_600_000],
  ['back', -3_600_000],
] as const

test.each([0, 120_000, -120_000])(
  'a wall clock that is %i ms off is found out by the answers',
  (wallAheadMs) => {
    const clocks = twoClocks({ wallAheadMs })
    expect([-1, 0]).toContain(readLate(clocks))
    learn(clocks)
    expect(readLate(clocks)).toBe(0)
  },
)

test.each(jumps)('a clock set %s between requests changes no stamp', (_, ms) => {
  const clocks = twoClocks()
  learn(clocks)
  clocks.set(ms)
  clocks.pass(10_000)
  expect(readLate(clocks)).toBe(0)
  const { clock, trueSecond } = clocks
  expect(clock.secondOf(clock.sending(), null)).toBe(trueSecond())
})

test.each(jumps)('a clock set %s between sending and answer changes no stamp', (_, ms) => {
  const clocks = twoClocks()
  learn(clocks)
  expect(readLate(clocks, { meanwhile: () => clocks.set(ms) })).toBe(0)
  expect(readLate(clocks)).toBe(0)
})

test.each(jumps)('one set %s while the first answer is awaited makes no stamp later', (_, ms) => {
  const clocks = twoClocks()
  expect(readLate(clocks, { meanwhile: () => clocks.set(ms) })).toBeLessThanOrEqual(0)
  learn(clocks)
  expect(readLate(clocks)).toBe(0)
})

test('a machine that sleeps on an answer stamps nothing later', () => {
  const clocks = twoClocks()
  const { clock, date, pass, sleep, trueSecond } = clocks
  const [sentAt, sent] = [clock.sending(), trueSecond()]
  sleep(30_000)
  const answered = date()
  sleep(600_000)
  pass(20)
  expect(clock.secondOf(sentAt, answered)).toBeLessThanOrEqual(sent)
  learn(clocks)
  expect(readLate(clocks)).toBe(0)
})

test('what a steady clock drifts in a day makes no stamp later', () => {
  const clocks = twoClocks()
  const { clock, pass, sleep, trueSecond } = clocks
  readLate(clocks)
  const day = 86_400_000
  // It goes 100 ppm too fast: less time went by than it tells.
  pass(day)
  sleep(-day / 10_000)
  expect(clock.secondOf(clock.sending(), null)).toBeLessThanOrEqual(trueSecond())
  expect(readLate(clocks)).toBeGreaterThanOrEqual(-1)
})

test('no read is stamped later than the second of its own answer', () => {
  const { clock, date, pass } = twoClocks()
  clock.secondOf(clock.sending(), new Date((second + 60) * 1_000).toUTCString())
  pass(1_000)
  expect(clock.secondOf(clock.sending(), date())).toBe(second + 1)
})

test('without any answer the wall clock at sending is believed', () => {
  const { clock, pass, set, trueSecond } = twoClocks({ wallAheadMs: 5_000 })
  const sentAt = clock.sending()
  set(60_000)
  pass(2_000)
  expect(clock.secondOf(sentAt, null)).toBe(trueSecond() + 3)
  expect(clock.secondOf(sentAt, 'no date')).toBe(trueSecond() + 3)
})
