// What failed, for people: by cause, each message once, with a few of the places where it came from.

import chalk from 'chalk'
import { groupBy } from '../core/group-by.ts'
import type { ReplayFailure } from '../sources/replay-tally.ts'
import { inDigits, inWords } from './figures.ts'
import { wrap } from './wrap.ts'

/** Causes shown, messages of each, and places of each message. */
const mostCauses = 8
const mostMessages = 3
const mostPlaces = 3

/**
 * Returns the text, without a line break at its end.
 * @param causes how often each code came, failures that are not listed too
 */
export const formatFailures = (
  failures: readonly ReplayFailure[],
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
  { count, list }: { readonly count: number; readonly list: readonly ReplayFailure[] },
): string => {
  const messages = [...groupBy(list, ({ error }) => error)]
  const shown = messages.slice(0, mostMessages).flatMap(([error, same]) => formatMessage(error, same))
  const hidden = messages.length - mostMessages
  return [
    chalk.red(`  ${code} (${inDigits(count)})`),
    ...shown,
    ...(hidden > 0 ? [`    and ${inWords(hidden, 'more message')}; --json lists them`] : []),
  ].join('\n')
}

const formatMessage = (error: string, same: readonly ReplayFailure[]): readonly string[] => {
  const places = same.filter(({ source }) => !error.startsWith(source)).map(placeOf)
  const more = places.length > mostPlaces ? [`and ${inDigits(places.length - mostPlaces)} more`] : []
  const told = [
    ...places.slice(0, mostPlaces).map((place, index, all) => (index < all.length - 1 ? `${place},` : place)),
    ...more,
  ].join(' ')
  return [...wrap(error, 4), ...(told === '' ? [] : wrap(told, 6))]
}

const placeOf = ({ source, event_id }: ReplayFailure): string =>
  event_id === null ? source : `${source} (${event_id})`
