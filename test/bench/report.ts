// How the bench prints: rows of a name and a text, and promises that are kept or missed.

import type { ReplayRun } from './replay-process.ts'
import type { CountRow } from './verify-database.ts'

/** Prints rows, and an empty line after them. */
export const printRows = (rows: readonly (readonly [name: string, text: string])[]): void => {
  for (const [name, text] of rows) process.stdout.write(`${name.padEnd(30)}${text}\n`)
  process.stdout.write('\n')
}

/** Prints whether a promise is kept, and returns it. */
export const tellPromise = (kept: boolean, promise: string): boolean => {
  process.stdout.write(`${kept ? 'kept' : 'MISSED'}: ${promise}\n\n`)
  return kept
}

/** Prints every checked count; false where one is not what the events say. */
export const reportCounts = (rows: readonly CountRow[]): boolean => {
  printRows([
    ['collection', 'stored, expected'],
    ...rows.map(
      ({ collection, stored, expected }) =>
        [collection, `${formatNumber(stored)}, ${formatNumber(expected)}`] as const,
    ),
  ])
  return tellPromise(
    rows.every(({ stored, expected }) => stored === expected),
    'every collection holds what the events say',
  )
}

/** Returns the middle one of some numbers. */
export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Returns numbers as their median, then each. */
export const spreadText = (numbers: readonly number[]): string =>
  `${formatNumber(median(numbers))}   ${numbers.map(formatNumber).join(' ')}`

/** Returns a whole number with its thousands apart. */
export const formatNumber = (number: number): string => Math.round(number).toLocaleString('en')

/** Returns seconds of processor time; a system that does not tell is `unknown`. */
export const secondsText = (ms: number | null): string => (ms === null ? 'unknown' : (ms / 1000).toFixed(1))

/** Returns the most memory that a run held, in millions of bytes. */
export const peakText = ({ peakBytes }: ReplayRun): string =>
  peakBytes === null ? 'unknown' : formatNumber(peakBytes / 1e6)
