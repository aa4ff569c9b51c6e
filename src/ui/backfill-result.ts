// What a person reads after a backfill: the result first, then what needs them, then the next command worth typing.

import chalk from 'chalk'
import { groupBy } from '../core/group-by.ts'
import type { AccountTally, BackfillTally, ResourceProgress } from '../sources/backfill/backfill-tally.ts'
import { countChanges, type DryRunChanges, formatChanges } from './changes-table.ts'
import { derivedText } from './derived-text.ts'
import { formatDrift, mendingCommand } from './drift-table.ts'
import { formatFailures, formatMessage } from './failures-text.ts'
import { inDigits, inWords } from './figures.ts'
import { leftOutText } from './left-out-text.ts'
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
  /** True where the command forgets the position that it finds. */
  readonly restarts: boolean
  /** True where every account was asked for. */
  readonly ofAll: boolean
  /** True where single objects were asked for in place of lists. */
  readonly ofIds: boolean
}

/** Returns the text, ending with a line break. */
export const formatBackfill = (tally: BackfillTally, ending: BackfillEnding): string => {
  const { durationMs, dryRun, isAudit, ofIds } = ending
  const sections = [
    headline(tally, { durationMs, done: doneBy(ending) }),
    ofIds ? tableOfIds(tally) : table(tally),
    derivedText(tally.derived, { isDry: dryRun !== null }),
    dryRun === null || isAudit ? '' : formatChanges(dryRun),
    formatDrift(tally.drift, tally.driftOmitted),
    troubles(tally),
    leftOutText(tally.leftOut),
    wrap(nextStep(tally, ending), 0).join('\n'),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

const doneBy = ({ dryRun, isAudit, ofIds }: BackfillEnding): string => {
  if (isAudit) return 'Nothing was written: compared'
  // Not all that is asked for need be there to be read.
  const done = ofIds ? 'Asked for' : 'Read'
  return dryRun === null ? done : `Dry run, nothing was written: ${done.toLowerCase()}`
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
  const first = `${done} ${inWords(read, 'object')} of ${where}`
  return chalk.bold(`${first}\nin ${seconds.toFixed(1)} s${rate}, with ${inWords(requests, 'request')}`)
}

const table = ({ accounts }: BackfillTally): string => {
  const shown = [...accounts]
    .sort((a, b) => Number(b.phase === 'failed') - Number(a.phase === 'failed'))
    .slice(0, mostAccounts)
  const header = chalk.dim(`${headerOf(['read', ...outcomeNames])}  complete`)
  const hidden = accounts.length - shown.length
  return [
    header,
    ...shown.flatMap((account) => accountLines(account, accounts.length > 1)),
    ...(hidden > 0 ? [chalk.dim(`  … and ${inDigits(hidden)} more accounts; --json lists them`)] : []),
  ].join('\n')
}

// Lists that nobody asked for are no rows, and of single objects none is complete or not.
const tableOfIds = ({ accounts }: BackfillTally): string => {
  const asked = accounts.flatMap(({ resources }) => [...resources]).filter(([, { read }]) => read > 0)
  if (asked.length === 0) return ''
  const lines = asked.map(([name, count]) => {
    const line = cellsOf(name, count)
    return count.failed > 0 ? chalk.red(line) : line
  })
  return [chalk.dim(headerOf(['asked for', ...outcomeNames])), ...lines].join('\n')
}

const outcomeNames = ['applied', 'unchanged', 'failed', 'requests']

const headerOf = (columns: readonly string[]): string =>
  `  ${'resource'.padEnd(15)}${columns.map((name) => name.padStart(cellWidth)).join('')}`

const accountLines = (
  { account, phase, resources }: AccountTally,
  isOneOfMany: boolean,
): readonly string[] => [
  ...(isOneOfMany ? [phase === 'failed' ? chalk.red(account) : account] : []),
  ...[...resources].map(([name, count]) => resourceLine(name, count)),
]

const cellsOf = (name: string, count: ResourceProgress): string => {
  const cells = [count.read, count.applied, count.unchanged, count.failed, count.requests]
  return `  ${name.padEnd(15)}${cells.map((value) => cell(value)).join('')}`
}

const resourceLine = (name: string, count: ResourceProgress): string => {
  const line = `${cellsOf(name, count)}  ${count.complete ? 'yes' : 'no'}`
  return count.failed > 0 || !count.complete ? chalk.red(line) : line
}

const cell = (value: number): string => (value === 0 ? '-' : inDigits(value)).padStart(cellWidth)

// Whose error names each object that failed says what to do about it as well.
const troubles = ({ accounts, failures }: BackfillTally): string => {
  const areNamed = accounts.some(({ namesFailures }) => namesFailures)
  const ofAccounts = accounts.flatMap(({ account, error }) =>
    error === null ? [] : [{ source: account, event_id: null, code: error.code, error: error.message }],
  )
  const ofObjects = (areNamed ? [] : failures.listed).map(
    ({ account, collection, stripe_id: event_id, code, error }) => ({
      ...{ source: `${account} ${collection}`, event_id, code, error },
    }),
  )
  const causes = new Map(areNamed ? [] : failures.causes)
  for (const { code } of ofAccounts) causes.set(code, (causes.get(code) ?? 0) + 1)
  return [formatFailures([...ofAccounts, ...ofObjects], causes), ...warningLines(accounts)]
    .filter((text) => text !== '')
    .join('\n')
}

// What an account is told that came to no end is part of its error, or may be.
const warningLines = (accounts: readonly AccountTally[]): readonly string[] => {
  const warnings = accounts.flatMap(({ account, error, warnings: told }) =>
    error === null ? told.map((warning) => ({ source: account, event_id: null, warning })) : [],
  )
  return [...groupBy(warnings, ({ warning }) => warning)].flatMap(([warning, same]) =>
    formatMessage(warning, same, 0).map((line) => chalk.yellow(line.slice(2))),
  )
}

const nextStep = (tally: BackfillTally, ending: BackfillEnding): string => {
  const { accounts, drift, hasFailures } = tally
  const { dryRun, isAudit, interrupted, ofAll } = ending
  if (isAudit && drift.length > 0) return mendingCommand(drift)
  const isPartial = tally.leftOut.length > 0 || accounts.some(({ warnings }) => warnings.length > 0)
  if (isAudit && !hasFailures)
    return `The mirror and Stripe agree${isPartial ? ' in what was compared' : ''}.`
  const again = againText(tally, ending)
  if (interrupted) return `For the rest ${again}`
  if (accounts.some(({ error }) => error !== null)) return `Mend what is named above, then ${again}`
  if (dryRun !== null && countChanges(dryRun) > 0) return 'Run the same command without --dry-run to do this.'
  if (hasFailures)
    return 'Mend what is named above, then run the same command again; --json lists the objects.'
  return ofAll && accounts.length === 1
    ? 'Only the platform was read, since no connected account is known yet: name one with --account, or list it in the config file.'
    : ''
}

const againText = (
  tally: BackfillTally,
  { resumes, restarts }: Pick<BackfillEnding, 'resumes' | 'restarts'>,
): string => {
  // A restart that forgot nothing yet would leave an older position to go on with, and one that is over leaves none.
  const goesOn = resumes && (!restarts || tally.goesOn)
  const how = goesOn && restarts ? 'without --restart' : 'again'
  return `run the same command ${how}${goesOn ? ': it goes on where it stopped' : ''}.`
}

const sum = (rows: readonly ResourceProgress[], name: 'read' | 'requests'): number =>
  rows.reduce((total, row) => total + row[name], 0)
