// What a person reads after a backfill: the result first, then what needs them, then the next command worth typing.

import chalk from 'chalk'
import type { AccountTally, BackfillTally, ResourceProgress } from '../sources/backfill/backfill-tally.ts'
import { type DryRunChanges, formatChanges } from './changes-table.ts'
import { derivedText } from './derived-text.ts'
import { formatDrift, mendingCommand } from './drift-table.ts'
import { inDigits } from './figures.ts'
import { wrap } from './wrap.ts'

/** Accounts of which each resource is shown; of more, those that need somebody come first. */
const mostAccounts = 20

/** Columns of a number: ten millions, and the table fits 80. */
const cellWidth = 10

export interface BackfillEnding {
  readonly durationMs: number
  /** Null for a run that wrote. */
  readonly dryRun: DryRunChanges | null
  /** True where what is stored was compared and nothing applied. */
  readonly isAudit: boolean
  /** True where a signal ended the run before its lists had ended. */
  readonly interrupted: boolean
  /** True where the run's position was kept. */
  readonly resumes: boolean
  /** True where every account was asked for. */
  readonly ofAll: boolean
}

/** Returns the text, ending with a line break. */
export const formatBackfill = (tally: BackfillTally, ending: BackfillEnding): string => {
  const { durationMs, dryRun, isAudit } = ending
  const sections = [
    headline(tally, { durationMs, done: doneBy(ending) }),
    table(tally),
    derivedText(tally.derived),
    dryRun === null || isAudit ? '' : formatChanges(dryRun),
    formatDrift(tally.drift, tally.driftOmitted),
    troubles(tally),
    wrap(nextStep(tally, ending), 0).join('\n'),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

const doneBy = ({ dryRun, isAudit }: BackfillEnding): string => {
  if (isAudit) return 'Nothing was written: compared'
  return dryRun === null ? 'Read' : 'Dry run, nothing was written: read'
}

const headline = (
  { accounts }: BackfillTally,
  { durationMs, done }: { readonly durationMs: number; readonly done: string },
): string => {
  const rows = accounts.flatMap(({ resources }) => [...resources.values()])
  const [read, requests] = [sum(rows, 'read'), sum(rows, 'requests')]
  const seconds = durationMs / 1000
  const rate = seconds > 0 ? `, ${inDigits(Math.round(read / seconds))} a second` : ''
  const where = accounts.length === 1 ? (accounts[0]?.account ?? '') : `${inDigits(accounts.length)} accounts`
  const first = `${done} ${inDigits(read)} objects of ${where}`
  return chalk.bold(`${first}\nin ${seconds.toFixed(1)} s${rate}, with ${inDigits(requests)} requests`)
}

const table = ({ accounts }: BackfillTally): string => {
  const shown = [...accounts]
    .sort((a, b) => Number(b.phase === 'failed') - Number(a.phase === 'failed'))
    .slice(0, mostAccounts)
  const header = chalk.dim(
    `  ${'resource'.padEnd(15)}${['read', 'applied', 'unchanged', 'failed', 'requests'].map((name) => name.padStart(cellWidth)).join('')}  complete`,
  )
  const hidden = accounts.length - shown.length
  return [
    header,
    ...shown.flatMap((account) => accountLines(account, accounts.length > 1)),
    ...(hidden > 0 ? [chalk.dim(`  … and ${inDigits(hidden)} more accounts; --json lists them`)] : []),
  ].join('\n')
}

const accountLines = (
  { account, phase, resources }: AccountTally,
  isOneOfMany: boolean,
): readonly string[] => [
  ...(isOneOfMany ? [phase === 'failed' ? chalk.red(account) : account] : []),
  ...[...resources].map(([name, count]) => resourceLine(name, count)),
]

const resourceLine = (name: string, count: ResourceProgress): string => {
  const cells = [count.read, count.applied, count.unchanged, count.failed, count.requests]
  const line = `  ${name.padEnd(15)}${cells.map((value) => cell(value)).join('')}  ${count.complete ? 'yes' : 'no'}`
  return count.failed > 0 || !count.complete ? chalk.red(line) : line
}

const cell = (value: number): string => (value === 0 ? '-' : inDigits(value)).padStart(cellWidth)

const troubles = ({ accounts }: BackfillTally): string =>
  accounts
    .flatMap(({ account, error, warnings }) => [
      ...(error === null ? [] : [{ colour: chalk.red, text: `${error.code}: ${error.message}` }]),
      ...warnings.map((warning) => ({ colour: chalk.yellow, text: `${account}: ${warning}` })),
    ])
    .slice(0, mostAccounts)
    .flatMap(({ colour, text }) => wrap(text, 2).map((line) => colour(line)))
    .join('\n')

const nextStep = (
  { accounts, drift, hasFailures }: BackfillTally,
  { dryRun, isAudit, interrupted, resumes, ofAll }: BackfillEnding,
): string => {
  if (isAudit && drift.length > 0) return mendingCommand(drift)
  if (isAudit && !hasFailures) return 'The mirror and Stripe agree.'
  const again = `run the same command again${resumes ? ': it goes on where it stopped' : ''}.`
  if (interrupted) return `For the rest ${again}`
  if (accounts.some(({ error }) => error !== null)) return `Mend what is named above, then ${again}`
  if (dryRun !== null) return 'Run the same command without --dry-run to do this.'
  if (hasFailures) return 'Objects that failed are named in the log (--log-level warn).'
  return ofAll && accounts.length === 1
    ? 'Only the platform was read, since no connected account is known yet: name one with --account, or list it in the config file.'
    : ''
}

const sum = (rows: readonly ResourceProgress[], name: 'read' | 'requests'): number =>
  rows.reduce((total, row) => total + row[name], 0)
