// What failed, for people: by cause, each message once, with a few of the places where it came from.

import chalk from 'chalk'
import { groupBy } from '../core/group-by.ts'
import { inDigits, inWords } from './figures.ts'
import { wrap } from './wrap.ts'

/** Something that failed, and where. */
export interface ToldFailure {
  /** Where it was met: a file and its line, an account. */
  readonly source: string
  readonly event_id: string | null
  readonly code: string
  readonly error: string
}

/** Causes shown, messages of each, and places of each message. */
const mostCauses = 8
const mostMessages = 3
const mostPlaces = 3

/**
 * Returns the text, without a line break at its end.
 * @param causes how often each code came, failures that are not listed too
 */
export const formatFailures = (
  failures: readonly ToldFailure[],
  causes: ReadonlyMap<string, number>,
): string => {
  const listed = groupBy(failures, ({ code }) => code)
  const ordered = [...causes].sort(([, a], [, b]) => b - a)
  const shown = ordered
    .slice(0, mostCauses)
    .map(([code, count]) => formatCause(code, { count, list: listed.get(code) ?? [] }))
  const hidden = ordered.length - shown.length
  return [...shown, ...(hidden > 0 ? [`  and ${inWords(hidden, 'more cause')}`] : [])].join('\n')
}

const formatCause = (
  code: string,
  { count, list }: { readonly count: number; readonly list: readonly ToldFailure[] },
): string => {
  const messages = [...groupBy(list, ({ error }) => error)]
  // Of those that are not listed nobody knows the message, unless there is only one.
  const unlisted = count - list.length
  const more = messages.length === 1 ? unlisted : 0
  const shown = messages.slice(0, mostMessages).flatMap(([error, same]) => formatMessage(error, same, more))
  const hidden = messages.length - mostMessages
  return [
    chalk.red(`  ${code} (${inDigits(count)})`),
    ...shown,
    ...(hidden > 0 ? [`    and ${inWords(hidden, 'more message')}; --json lists them`] : []),
    ...(unlisted > more ? [`    and ${inDigits(unlisted)} more that are not listed`] : []),
  ].join('\n')
}

/**
 * Returns a message and where it was met, in lines of 80 columns.
 * @param unlisted places besides those given
 */
export const formatMessage = (
  error: string,
  same: readonly Pick<ToldFailure, 'source' | 'event_id'>[],
  unlisted: number,
): readonly string[] => {
  const places = same.filter(({ source }) => !error.includes(source)).map(placeOf)
  const hidden = Math.max(0, places.length - mostPlaces) + unlisted
  const more = hidden > 0 ? [`and ${inDigits(hidden)} more`] : []
  const told = [
    ...places.slice(0, mostPlaces).map((place, index, all) => (index < all.length - 1 ? `${place},` : place)),
    ...more,
  ].join(' ')
  return [...wrap(error, 4), ...(told === '' ? [] : wrap(told, 6))]
}

const placeOf = ({ source, event_id }: Pick<ToldFailure, 'source' | 'event_id'>): string =>
  event_id === null ? source : `${source} (${event_id})`
