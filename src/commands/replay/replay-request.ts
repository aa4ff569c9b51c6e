// What `replay` was asked to do, checked before any work.

import { quoted } from '../../config/config.ts'
import type { EventCriteria } from '../../core/event-criteria.ts'
import { type InboxStatus, inboxStatuses, isInboxStatus } from '../../core/inbox-row.ts'
import { platformPlaceholder, stripeIdPattern } from '../../core/object-id.ts'
import { isTypeGlob } from '../../sources/event-filter.ts'
import type { Effects } from '../../unit-of-work/unit-of-work.ts'
import { instantOf, rateOf, refuseUsage, valuesOf } from '../shell/flag-values.ts'

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

/** Returns the request. Throws `usage_invalid` naming the options that can't be used, or not together. */
export const replayRequestOf = (names: readonly string[], flags: ReplayFlags, now: Date): ReplayRequest => ({
  input: inputOf(names, flags),
  criteria: criteriaOf(flags, now),
  eventsPerSecond: rateOf(flags.rate, 'events'),
  effects: flags.effects,
  dryRun: flags.dryRun === true,
  json: flags.json === true,
})

const inputOf = (names: readonly string[], flags: ReplayFlags): ReplayInput => {
  const { stored = false, fromStripe = false, undelivered = false, status } = flags
  if (stored && fromStripe) throw refuseUsage('--stored and --from-stripe are two inputs: give one of them')
  if (!stored && status !== undefined)
    throw refuseUsage('--status needs --stored: only events out of billing.events have a status')
  if (!fromStripe && undelivered)
    throw refuseUsage('--undelivered needs --from-stripe: only Stripe knows what was not delivered')
  if (names.length > 0 && (stored || fromStripe))
    throw refuseUsage(`${stored ? '--stored' : '--from-stripe'} takes no files: name either`)
  if (stored) return { kind: 'stored', statuses: valuesOf('--status', status).map(statusOf) }
  if (fromStripe) return { kind: 'listed', undelivered }
  if (names.length === 0)
    throw refuseUsage('name files, directories or - for stdin, or give --stored or --from-stripe')
  if (names.includes('')) throw refuseUsage('expected the name of a file or directory, got an empty one')
  return { kind: 'files', names }
}

const statusOf = (text: string): InboxStatus => {
  if (isInboxStatus(text)) return text
  throw refuseUsage(`--status: expected ${inboxStatuses.join(', ')}, got "${text}"`)
}

const criteriaOf = (flags: ReplayFlags, now: Date): EventCriteria => {
  const since = instantOf('--since', flags.since, now)
  const until = instantOf('--until', flags.until, now)
  if (since !== null && until !== null && since >= until) throw refuseUsage('--since must lie before --until')
  return {
    types: valuesOf('--type', flags.type, betweenGlobs).map(globOf),
    ids: valuesOf('--id', flags.id).map((text) => idOf('--id', text, 'evt_1AbC')),
    accounts: valuesOf('--account', flags.account).map((text) => accountOf(text, flags)),
    since,
    until,
  }
}

// What stands for the platform while its id is unknown is an account of events, and none that Stripe could be asked for.
const accountOf = (text: string, { fromStripe = false }: ReplayFlags): string =>
  text === platformPlaceholder && !fromStripe ? text : idOf('--account', text, 'acct_1AbC')

// A text that no event can have would leave out all of them, and say nothing.
const idOf = (flag: string, text: string, example: string): string => {
  if (stripeIdPattern.test(text)) return text
  throw refuseUsage(`${flag}: expected an id such as ${example}, got ${quoted(text)}`)
}

const globOf = (text: string): string => {
  if (isTypeGlob(text)) return text
  throw refuseUsage(`--type: expected a glob with closed brackets such as charge.*, got ${quoted(text)}`)
}

/** A comma inside of braces belongs to the glob, as in `charge.{succeeded,failed}`. */
const betweenGlobs = /,(?![^{]*\})/
