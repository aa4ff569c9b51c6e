// Times as people write them: how long (`30d`, `12h`), and since when (a date, an instant, or so long ago).

import ms, { type StringValue } from 'ms'
import * as v from 'valibot'
import { isIsoDay, isIsoInstant } from '../core/iso-time.ts'

const asDuration = /^\d+(\.\d+)?\s*[a-z]+$/i

/** ISO 8601's months, which ms takes for minutes: kept for so long, events would be gone at once. */
const meansMonths = /M$/

/** Returns a time such as `30d` or `12h` in milliseconds, or null where the text is none. */
const parseDuration = (text: string): number | null => {
  const milliseconds = asDuration.test(text) && !meansMonths.test(text) ? ms(text as StringValue) : undefined // ms judges the unit itself
  return typeof milliseconds === 'number' && milliseconds > 0 ? milliseconds : null
}

/** Longer than anybody keeps anything: an instant that lies so far away must still be a date, in JavaScript and in BSON. */
const longest = '1000y'
const longestMs = ms(longest)

const expectedDuration = `expected a time such as 30d or 12h, at most ${longest}`

/** A time such as `30d` or `12h`, in milliseconds; a thousand years at most. */
export const duration = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.finite(expectedDuration))], expectedDuration),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
    const milliseconds = typeof value === 'string' ? parseDuration(value) : null
    if (milliseconds !== null && milliseconds <= longestMs) return milliseconds
    addIssue({ message: `${expectedDuration}, got "${value}"` })
    return NEVER
  }),
)

/** Offsets of ISO 8601's basic format, `+0100` and `+01`, which not every `Date` knows. */
const basicOffset = /(T.*[+-]\d\d)(\d\d)?$/

const namesOffset = /(Z|[+-]\d\d:\d\d)$/

/**
 * Returns the instant that an ISO 8601 date or instant names, UTC where it names no offset, or that lies a time
 * such as `30d` before `now`; null where the text is neither.
 */
export const parseInstant = (text: string, now: Date): Date | null => {
  if (isIsoDay(text)) return new Date(`${text}T00:00:00Z`)
  const iso = text.replace(basicOffset, (_, start: string, minutes = '00') => `${start}:${minutes}`)
  if (isIsoInstant(iso)) return new Date(namesOffset.test(iso) ? iso : `${iso}Z`)
  const ago = parseDuration(text)
  // Further back than a date can tell is no instant.
  const instant = ago === null ? null : new Date(now.getTime() - ago)
  return instant === null || Number.isNaN(instant.getTime()) ? null : instant
}
