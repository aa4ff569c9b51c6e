// What `replay` was asked to do, checked before any work.

import { parseInstant } from '../config/times.ts'
import type { EventCriteria } from '../core/event-criteria.ts'
import { type InboxStatus, isInboxStatus } from '../core/inbox-row.ts'
import { BillingSyncError } from '../errors.ts'
import type { Effects } from '../unit-of-work/unit-of-work.ts'

/** Flags as they were typed; each repeatable one as often as it was given. */
export interface ReplayFlags {
  readonly stored?: boolean
  readonly fromStripe?: boolean
  readonly undelivered?: boolean
  readonly status?: readonly string[]
  readonly type?: readonly string[]
  readonly id?: readonly string[]
  readonly account?: readonly string[]
  readonly since?: string
  readonly until?: string
  readonly rate?: string
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly effects: Effects
}

/** Where the events come from: files, rows of the inbox (of any status where none is named), or Stripe's lists. */
export type ReplayInput =
  | { readonly kind: 'files'; readonly names: readonly string[] }
  | { readonly kind: 'stored'; readonly statuses: readonly InboxStatus[] }
  | { readonly kind: 'listed'; readonly undelivered: boolean }

export interface ReplayRequest {
  readonly input: ReplayInput
  readonly criteria: EventCriteria
  /** Of one account; null: as fast as it goes. */
  readonly eventsPerSecond: number | null
  readonly effects: Effects
  readonly dryRun: boolean
  readonly json: boolean
}

/** Slowest pace, so that a wait between two events stays one that a timer can hold. */
const slowestRate = 0.001

/** Returns the request. Throws `usage_invalid` naming the options that can't be used, or not together. */
export const replayRequestOf = (names: readonly string[], flags: ReplayFlags, now: Date): ReplayRequest => ({
  input: inputOf(names, flags),
  criteria: criteriaOf(flags, now),
  eventsPerSecond: flags.rate === undefined ? null : rateOf(flags.rate),
  effects: flags.effects,
  dryRun: flags.dryRun === true,
  json: flags.json === true,
})

const inputOf = (names: readonly string[], flags: ReplayFlags): ReplayInput => {
  const { stored = false, fromStripe = false, undelivered = false, status } = flags
  if (stored && fromStripe) throw refuse('--stored and --from-stripe are two inputs: give one of them')
  if (!stored && status !== undefined)
    throw refuse('--status needs --stored: only events out of billing.events have a status')
  if (!fromStripe && undelivered)
    throw refuse('--undelivered needs --from-stripe: only Stripe knows what was not delivered')
  if (names.length > 0 && (stored || fromStripe))
    throw refuse(`${stored ? '--stored' : '--from-stripe'} takes no files: name either`)
  if (stored) return { kind: 'stored', statuses: listOf('--status', status).map(statusOf) }
  if (fromStripe) return { kind: 'listed', undelivered }
  if (names.length === 0)
    throw refuse('name files, directories or - for stdin, or give --stored or --from-stripe')
  return { kind: 'files', names }
}

const statusOf = (text: string): InboxStatus => {
  if (isInboxStatus(text)) return text
  throw refuse(`--status: expected pending, done, ignored, failed, dead or parked, got "${text}"`)
}

const criteriaOf = (flags: ReplayFlags, now: Date): EventCriteria => {
  const since = instantOf('--since', flags.since, now)
  const until = instantOf('--until', flags.until, now)
  if (since !== null && until !== null && since >= until) throw refuse('--since must lie before --until')
  return {
    types: listOf('--type', flags.type, betweenGlobs),
    ids: listOf('--id', flags.id),
    accounts: listOf('--account', flags.account),
    since,
    until,
  }
}

/** A comma inside of braces belongs to the glob, as in `charge.{succeeded,failed}`. */
const betweenGlobs = /,(?![^{]*\})/

const listOf = (
  option: string,
  given: readonly string[] = [],
  separator: RegExp = /,/,
): readonly string[] => {
  const values = given.flatMap((text) => text.split(separator)).map((value) => value.trim())
  if (values.includes(''))
    throw refuse(`${option}: expected a value or a comma list of values, got an empty one`)
  return values
}

const instantOf = (option: string, text: string | undefined, now: Date): Date | null => {
  if (text === undefined) return null
  const instant = parseInstant(text, now)
  if (instant !== null) return instant
  throw refuse(`${option}: expected a date such as 2026-01-31, an instant, or 30d or 12h ago, got "${text}"`)
}

const rateOf = (text: string): number => {
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (rate >= slowestRate) return rate
  throw refuse(`--rate: expected events a second, ${slowestRate} or more, got "${text}"`)
}

const refuse = (problem: string): BillingSyncError => new BillingSyncError('usage_invalid', { problem })
