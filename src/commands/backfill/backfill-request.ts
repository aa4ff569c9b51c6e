// What `backfill` was asked to do, checked before any work.

import { isResourceName, type ResourceName, resourceNames } from '../../sources/backfill/resources.ts'
import type { Effects } from '../../unit-of-work/unit-of-work.ts'
import { instantOf, rateOf, refuseUsage, valuesOf } from '../shell/flag-values.ts'

/** Flags as they were typed; each repeatable one as often as it was given. */
export interface BackfillFlags {
  readonly account?: readonly string[]
  readonly allAccounts?: boolean
  readonly resource?: readonly string[]
  readonly id?: readonly string[]
  readonly since?: string
  readonly until?: string
  readonly rate?: string
  readonly restart?: boolean
  readonly verify?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly effects: Effects
}

/** `[since, until)` of the objects' `created`: as typed, and the instants that it means now. */
export interface BackfillRange {
  readonly typed: { readonly since: string | null; readonly until: string | null }
  readonly since: Date | null
  readonly until: Date | null
}

export interface BackfillRequest {
  /** Null: every connected account and the platform. */
  readonly accounts: readonly string[] | null
  readonly resources: readonly ResourceName[]
  /** True where the resources were typed. */
  readonly namesResources: boolean
  /** Objects to be retrieved one by one; empty: lists are walked. */
  readonly ids: readonly string[]
  readonly range: BackfillRange
  readonly requestsPerSecond: number | null
  readonly restart: boolean
  readonly effects: Effects
  /** True where what is stored is compared with Stripe and nothing is applied. */
  readonly verify: boolean
  readonly dryRun: boolean
  readonly json: boolean
}

/** Returns the request. Throws `usage_invalid` naming the options that can't be used, or not together. */
export const backfillRequestOf = (flags: BackfillFlags, now: Date): BackfillRequest => {
  const ids = valuesOf('--id', flags.id)
  const resources = valuesOf('--resource', flags.resource).map(resourceOf)
  const request: BackfillRequest = {
    accounts: accountsOf(flags),
    resources: resourceNames.filter((name) => resources.length === 0 || resources.includes(name)),
    namesResources: resources.length > 0,
    ids: [...new Set(ids)],
    range: rangeOf(flags, now),
    requestsPerSecond: rateOf(flags.rate, 'requests'),
    restart: flags.restart === true,
    effects: flags.effects,
    verify: flags.verify === true,
    dryRun: flags.dryRun === true,
    json: flags.json === true,
  }
  if (ids.length > 0) refuseForIds(request)
  if (request.restart && request.dryRun)
    throw refuseUsage('--restart changes a position, --dry-run changes nothing')
  if (request.verify && (request.restart || ids.length > 0 || request.effects === 'missing'))
    throw refuseUsage(
      '--verify compares whole lists and changes nothing: it goes with no --restart, --id or --effects',
    )
  return request
}

const accountsOf = ({ account, allAccounts }: BackfillFlags): readonly string[] | null => {
  const accounts = valuesOf('--account', account)
  if (allAccounts === true && accounts.length > 0)
    throw refuseUsage('give --account or --all-accounts, not both')
  if (allAccounts === true) return null
  if (accounts.length === 0) throw refuseUsage('name an account with --account, or give --all-accounts')
  const wrong = accounts.find((id) => !accountPattern.test(id))
  if (wrong !== undefined) throw refuseUsage(`--account: expected an id such as acct_1AbC, got "${wrong}"`)
  return [...new Set(accounts)]
}

/** https://docs.stripe.com/connect/authentication#stripe-account-header */
const accountPattern = /^acct_[A-Za-z0-9_]+$/

const resourceOf = (text: string): ResourceName => {
  if (isResourceName(text)) return text
  throw refuseUsage(`--resource: expected ${resourceNames.join(', ')}, got "${text}"`)
}

const rangeOf = ({ since, until }: BackfillFlags, now: Date): BackfillRange => {
  const range = { since: instantOf('--since', since, now), until: instantOf('--until', until, now) }
  if (range.since !== null && range.until !== null && range.since >= range.until)
    throw refuseUsage('--since must lie before --until')
  return { ...range, typed: { since: since ?? null, until: until ?? null } }
}

const refuseForIds = ({ accounts, range, restart }: BackfillRequest): void => {
  if (accounts?.length !== 1) throw refuseUsage('--id needs the one --account that the object belongs to')
  if (range.since !== null || range.until !== null || restart)
    throw refuseUsage('--id names single objects: it goes with no --since, --until or --restart')
}
