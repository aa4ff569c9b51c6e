import { expect, test } from 'vitest'
import { readClocks } from '../../../src/clocks.ts'
import { RemainingEstimates } from '../../../src/sources/backfill/remaining-estimate.ts'
import type { WalkedPage } from '../../../src/sources/backfill/walk.ts'
import type { Window } from '../../../src/sources/backfill/windows.ts'
import { observed } from '../../support/observed.ts'

const window = (told: Partial<Window>): Window => ({
  ...{ from: null, to: null, last: null, isHead: false, known: [], reachPages: 16 },
  ...told,
})

/** A page of objects created in these seconds, with what is left of the list. */
const page = (seconds: readonly number[], position: readonly Window[]): WalkedPage => ({
  ...{
    list: 'customers',
    until: 1_000,
    from: 1,
    carried: [],
    invalid: 0,
    sentAt: readClocks(),
    commitsBefore: 0,
    position,
  },
  observations: seconds.map((created) => observed({ at: 1, content: { created } })),
  giveBack: () => undefined,
})

test('nothing tells how far back a list without a bound goes', () => {
  const last = { id: 'cus_1', created: 900 }
  expect(new RemainingEstimates().after(page([1_000, 900], [window({ last })]))).toBeNull()
})

test('seconds still covered are filled at the density read so far', () => {
  const last = { id: 'cus_1', created: 900 }
  expect(new RemainingEstimates().after(page([1_000, 900], [window({ from: 400, last })]))).toBe(10)
})

test('the head counts for nothing, and a list that is over has none left', () => {
  const estimate = new RemainingEstimates()
  const last = { id: 'cus_1', created: 900 }
  const head = window({ from: 1_000, isHead: true })
  expect(estimate.after(page([1_000, 900], [window({ from: 800, last }), head]))).toBe(2)
  expect(estimate.after(page([850], []))).toBe(0)
})

test('lists are estimated apart from each other', () => {
  const estimates = new RemainingEstimates()
  const last = { id: 'cus_1', created: 900 }
  estimates.after(page([1_000, 900], [window({ from: 400, last })]))
  expect(estimates.after({ ...page([500], [window({ last })]), list: 'charges' })).toBeNull()
})
