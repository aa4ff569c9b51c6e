// What a dry run would change, for people: each document, and of those that are there already each field.

import chalk from 'chalk'
import type { DocumentChange, FieldChange } from '../core/document-change.ts'
import { printable } from '../core/printable.ts'
import { inWords } from './figures.ts'

/** What a dry run would have changed; `changes_omitted` counts documents beyond those listed. */
export interface DryRunChanges<Change = DocumentChange> {
  readonly changes: readonly Change[]
  readonly changes_omitted: number
}

/** A change as `--json` tells it. */
export type ToldChange = Omit<DocumentChange, 'isNew'>

/** Changes listed; more are only counted. */
const mostChanges = 10_000

export const listChanges = (changes: readonly DocumentChange[]): DryRunChanges => ({
  changes: changes.slice(0, mostChanges),
  changes_omitted: Math.max(0, changes.length - mostChanges),
})

/** Returns the changes as `--json` tells them: there `from`, or its lack, says of each field what was. */
export const changesInJson = ({ changes, changes_omitted }: DryRunChanges): DryRunChanges<ToldChange> => ({
  changes: changes.map(({ isNew: _isNew, ...told }) => told),
  changes_omitted,
})

/** Returns how many documents would change, listed or not. */
export const countChanges = ({ changes, changes_omitted: omitted }: DryRunChanges): number =>
  changes.length + omitted

/** Lines shown; `--json` lists more. */
const mostLines = 200

/** Widths of the columns: with the indent, 80 together. */
const pointerWidth = 30
const valueWidth = 21

/** Returns the text, without a line break at its end. */
export const formatChanges = (dryRun: DryRunChanges): string => {
  const { changes } = dryRun
  const count = countChanges(dryRun)
  if (count === 0) return 'No document would change.'
  const header = chalk.bold(`${inWords(count, 'document')} would change:`)
  const lines = changes.flatMap(documentLines)
  const hidden = lines.length - mostLines
  const more = hidden > 0 ? [chalk.dim(`  … and ${inWords(hidden, 'more line')}; --json lists them`)] : []
  return [header, '', ...lines.slice(0, mostLines), ...more].join('\n')
}

const documentLines = ({
  account,
  collection,
  stripe_id,
  fields,
  isNew,
}: DocumentChange): readonly string[] => {
  const title = `  ${collection} ${stripe_id ?? ''}`.trimEnd()
  const changed = Object.entries(fields)
  const state = isNew ? `would be made, ${inWords(changed.length, 'field')}` : `of ${account}`
  return [
    `${title}  ${chalk.dim(state)}`,
    ...(isNew ? [] : changed.map(([pointer, change]) => fieldLine(pointer, change))),
  ]
}

const fieldLine = (pointer: string, { from, to }: FieldChange): string =>
  `    ${cut(pointer, pointerWidth)} ${cut(show(from), valueWidth)} → ${cut(show(to), valueWidth).trimEnd()}`

const show = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value))

// Line breaks and the like in a value are escaped by JSON already.
const cut = (text: string, width: number): string => {
  const plain = printable(text)
  return (plain.length > width ? `${plain.slice(0, width - 1)}…` : plain).padEnd(width)
}
