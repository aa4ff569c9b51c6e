// What a person reads after a replay: the result first, then what needs them, then the next command worth typing.

import chalk from 'chalk'
import type { CollectionCount, ReplaySummary } from '../sources/replay-tally.ts'
import { countChanges, type DryRunChanges, formatChanges } from './changes-table.ts'
import { derivedText } from './derived-text.ts'
import { formatFailures } from './failures-text.ts'
import { inDigits, inWords } from './figures.ts'
import { leftOutText } from './left-out-text.ts'

/** Outcomes in the order shown, and what each means. */
const outcomeRows: readonly (readonly [keyof ReplaySummary, string])[] = [
  ['applied', 'changed at least one document'],
  ['unchanged', 'said nothing new'],
  ['stale', 'older than what is stored'],
  ['ignored', 'of a type or mode that is not synced'],
  ['parked', 'wait until the config lists their account'],
  ['failed', 'could not be handled'],
  ['invalid', 'are no Stripe events'],
  ['filtered', 'left out by a filter, and not counted above'],
]

export interface ReplayDetails {
  /** Documents made or changed, by collection. */
  readonly collections: ReadonlyMap<string, Readonly<CollectionCount>>
  /** How often each code of a failure came. */
  readonly causes: ReadonlyMap<string, number>
  /** True where a signal ended the run before its input had ended. */
  readonly interrupted: boolean
  /** Null for a run that wrote. */
  readonly dryRun: DryRunChanges | null
  /** Contacts that new mappings of the config changed. */
  readonly derived: number
  /** Where the events came from; `directories` where one of the inputs was one. */
  readonly input: keyof typeof nothingThere
  /** Accounts of which older events were asked for than Stripe keeps. */
  readonly outOfReach: readonly string[]
  /** Accounts that were not asked, as they do not let the platform in. */
  readonly leftOut: readonly string[]
}

/** Returns the text, ending with a line break. */
export const formatReplay = (summary: ReplaySummary, details: ReplayDetails): string => {
  const { collections, causes, derived, dryRun, outOfReach, leftOut } = details
  const sections = [
    headline(summary, details),
    outcomes(summary),
    dryRun !== null && collections.size === 0 ? '' : documents(collections),
    derivedText(derived, { isDry: dryRun !== null }),
    dryRun === null ? '' : formatChanges(dryRun),
    formatFailures(summary.failures, causes),
    beyondReach(outOfReach),
    leftOutText(leftOut),
    nextStep(summary, details),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

const headline = (summary: ReplaySummary, { dryRun, interrupted }: ReplayDetails): string => {
  const seconds = summary.duration_ms / 1000
  const rate =
    seconds > 0 && summary.read > 0 ? `, ${inDigits(Math.round(summary.read / seconds))} a second` : ''
  const dry = dryRun === null ? '' : 'Dry run, nothing was written: '
  const done = interrupted ? 'interrupted, after' : 'replayed'
  const text = `${dry}${done} ${inWords(summary.read, 'event')} in ${seconds.toFixed(1)} s${rate}`
  return chalk.bold(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}`)
}

const outcomes = (summary: ReplaySummary): string =>
  outcomeRows
    .filter(([name]) => Number(summary[name]) > 0)
    .map(([name, meaning]) => {
      const row = `  ${name.padEnd(10)}${inDigits(Number(summary[name])).padStart(9)}   ${meaning}`
      return name === 'failed' || name === 'invalid' ? chalk.red(row) : row
    })
    .join('\n')

const documents = (collections: ReadonlyMap<string, Readonly<CollectionCount>>): string => {
  if (collections.size === 0) return '  No document changed.'
  const rows = [...collections].sort(([a], [b]) => a.localeCompare(b))
  const header = `  ${'collection'.padEnd(26)}${'created'.padStart(9)}${'updated'.padStart(9)}${'deleted'.padStart(9)}`
  const lines = rows.map(
    ([name, { created, updated, deleted }]) =>
      `  ${name.padEnd(26)}${cell(created)}${cell(updated)}${cell(deleted)}`,
  )
  return [chalk.dim(header), ...lines].join('\n')
}

const cell = (value: number): string => (value === 0 ? '-' : inDigits(value)).padStart(9)

/** Accounts named; more are only counted. */
const mostNamed = 5

const beyondReach = (accounts: readonly string[]): string => {
  if (accounts.length === 0) return ''
  const named = accounts.slice(0, mostNamed).join(',')
  const more = accounts.length > mostNamed ? ` and ${inDigits(accounts.length - mostNamed)} more` : ''
  return `Stripe keeps events for 30 days. What is older needs a backfill:\n  ${chalk.bold(`billing-sync backfill --account ${named}`)}${more}`
}

/** Failures of entries that have no row in the inbox, or have nothing to gain from being run again. */
const notInInbox: ReadonlySet<string> = new Set([
  'event_invalid',
  'event_conflict',
  'input_unreadable',
  'account_disconnected',
])

const nextStep = (summary: ReplaySummary, { causes, dryRun, interrupted, input }: ReplayDetails): string => {
  if (interrupted) return 'Run the same command again for the rest: what is done stays done.'
  const codes = [...causes.keys()]
  if (dryRun === null && codes.some((code) => !notInInbox.has(code)))
    return `Once it is mended: ${chalk.bold('billing-sync replay --stored --status pending,failed,dead')}`
  if (codes.length > 0) return 'Mend this, then run the same command again: what is done stays done.'
  if (dryRun !== null && countChanges(dryRun) > 0) return 'Run the same command without --dry-run to do this.'
  if (dryRun === null && summary.parked > 0)
    return `List the parked accounts in the config file, then:\n  ${chalk.bold('billing-sync replay --stored --status parked')}`
  return summary.read === 0 ? nothingRead(summary, input) : ''
}

const nothingRead = ({ filtered }: ReplaySummary, input: ReplayDetails['input']): string =>
  filtered > 0 ? 'Every event was left out by the filters.' : nothingThere[input]

const nothingThere = {
  files: 'No event was found.',
  directories:
    'No event was found. In directories, *.json, *.jsonl and *.ndjson files are read,\ngzip or not.',
  stored: 'The inbox holds no event that was asked for.',
  listed: 'Stripe lists no event that was asked for.',
} as const
