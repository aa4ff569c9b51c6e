// The JSON of the config file. Guarantee: an error tells the place, and quotes nothing but names, as the file may hold secrets.

import type { ParseOptions, ValueNode } from '@humanwhocodes/momoa'
import { BillingSyncError } from '../errors.ts'

/**
 * Returns the value of a config file's text. Throws `config_invalid`, naming the line and the column, where it is not JSON, or
 * where an object gives a name twice: the parser of the language takes the last one without a word.
 * @param source name of the file
 */
export const parseConfigJson = async (text: string, source: string): Promise<unknown> => {
  if (text.trim() === '') throw refusal(source, 'it is empty, expected a JSON object such as {}')
  const value = await parseValue(text, source)
  const { parse } = await openMomoa()
  const repeated = firstRepeated(parse(text, asJson).body)
  if (repeated !== null) throw refusal(source, repeated)
  return value
}

const asJson: ParseOptions = { mode: 'json' }

// Only a start that has a config file needs it.
const openMomoa = () => import('@humanwhocodes/momoa')

const refusal = (source: string, problem: string, cause?: unknown): BillingSyncError =>
  new BillingSyncError('config_invalid', { source, problem }, { cause })

const parseValue = async (text: string, source: string): Promise<unknown> => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refusal(source, `it is not valid JSON${await placeOf(error, text)}`, error)
  }
}

// The parser's text quotes the file: only the place is taken out of it. Of some faults it tells none, of which the other does.
const placeOf = async (error: unknown, text: string): Promise<string> => {
  const message = error instanceof SyntaxError ? error.message : ''
  if (message.startsWith('Unexpected end')) return ': it ends too early'
  const [, position] = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message) ?? []
  if (position === undefined) return placeOfSecond(text)
  const lines = text.slice(0, Number(position)).split('\n')
  return placeAt({ line: lines.length, column: (lines.at(-1) ?? '').length + 1 })
}

const placeOfSecond = async (text: string): Promise<string> => {
  const { parse } = await openMomoa()
  try {
    parse(text, asJson)
    return ''
  } catch (error) {
    return isPlaced(error) ? placeAt(error) : ''
  }
}

interface Place {
  readonly line: number
  readonly column: number
}

const isPlaced = (error: unknown): error is Place =>
  error instanceof Error && 'line' in error && typeof error.line === 'number' && 'column' in error

const placeAt = ({ line, column }: Place): string => ` (line ${line}, column ${column})`

const firstRepeated = (node: ValueNode): string | null => {
  if (node.type === 'Array') return firstOf(node.elements.map(({ value }) => value))
  if (node.type !== 'Object') return null
  const seen = new Set<string>()
  for (const { name } of node.members) {
    const key = name.type === 'String' ? name.value : name.name
    if (seen.has(key)) return `"${key}" is given twice${placeAt(name.loc.start)}`
    seen.add(key)
  }
  return firstOf(node.members.map(({ value }) => value))
}

const firstOf = (nodes: readonly ValueNode[]): string | null => {
  for (const node of nodes) {
    const repeated = firstRepeated(node)
    if (repeated !== null) return repeated
  }
  return null
}
