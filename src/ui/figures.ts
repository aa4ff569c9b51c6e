// Figures as people read them: grouped digits, counted nouns, times, bars.

import { groupDigits } from '../core/money.ts'

/** Returns a whole number with its digits grouped: `12,345`. */
export const inDigits = (value: number): string => groupDigits(String(value))

/** Returns a count with its noun: `1 event`, `2 events`. */
export const inWords = (count: number, noun: string): string =>
  `${inDigits(count)} ${noun}${count === 1 ? '' : 's'}`

/** Returns a time in seconds as `90 s` or, from there on, in minutes. */
export const inTime = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`

/** Returns a bar of so many columns, filled by a share from 0 to 1; null: not known, dotted. */
export const bar = (share: number | null, width: number): string => {
  if (share === null) return '·'.repeat(width)
  const filled = Math.round(share * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}
