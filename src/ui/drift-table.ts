// What a drift audit found, as a table for people: by account and collection, the first of them.

import chalk from 'chalk'
import type { Drift } from '../core/drift.ts'
import { groupBy } from '../core/group-by.ts'
import { inDigits } from './figures.ts'

/** Objects shown; of more, only their number. */
const mostShown = 20

/** Returns the table; empty where nothing was found. */
export const formatDrift = (drift: readonly Drift[], omitted: number): string => {
  if (drift.length === 0) return ''
  const shown = drift.slice(0, mostShown)
  const count = drift.length + omitted
  const hidden = count - shown.length
  const groups = [...groupBy(shown, ({ account, collection }) => `${account}  ${collection}`)]
  return [
    chalk.red(`  ${inDigits(count)} ${count === 1 ? 'object differs' : 'objects differ'} from Stripe`),
    ...groups.flatMap(([name, rows]) => [`  ${name}`, ...rows.map(line)]),
    ...(hidden > 0 ? [chalk.dim(`  … and ${inDigits(hidden)} more; --json lists up to 10,000`)] : []),
  ].join('\n')
}

/** Returns the next command worth typing. */
export const mendingCommand = (drift: readonly Drift[]): string => {
  const accounts = [...new Set(drift.map(({ account }) => account))]
  const named = accounts.length === 1 ? `--account ${accounts[0]}` : '--all-accounts'
  return `Mend them with: billing-sync backfill ${named}`
}

const line = ({ kind, stripe_id: id, fields }: Drift): string =>
  `    ${kind.padEnd(10)} ${id}${fields.length > 0 ? `  ${fields.join(', ')}` : ''}`
