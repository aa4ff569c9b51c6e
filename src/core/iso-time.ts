// Days and instants as ISO 8601 writes them. A `Date` is no judge of them: it takes 30 February for 2 March.

const day = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/

const minutes = '(?:[01]\\d|2[0-3]):[0-5]\\d'
const seconds = ':[0-5]\\d(?:\\.\\d+)?'
const zone = `(?:Z|[+-]${minutes})`
const time = new RegExp(`^T${minutes}(?:${seconds})?${zone}?$`)
const wholeTime = new RegExp(`^T${minutes}${seconds}${zone}$`)

/** Tells whether a text is a day of the calendar, such as `2026-01-31`. */
export const isIsoDay = (text: string): boolean =>
  day.test(text) && new Date(`${text}T00:00:00Z`).getUTCDate() === Number(text.slice(8))

/** Tells whether a text is a day and a time of it, such as `2026-01-31T12:00`: seconds and zone may lack. */
export const isIsoInstant = (text: string): boolean => isOfDay(text, time)

/** Tells whether a text is an instant that lacks neither, such as `2026-01-31T12:00:00Z`. */
export const isWholeIsoInstant = (text: string): boolean => isOfDay(text, wholeTime)

const dayLength = 'YYYY-MM-DD'.length

const isOfDay = (text: string, pattern: RegExp): boolean =>
  isIsoDay(text.slice(0, dayLength)) && pattern.test(text.slice(dayLength))
