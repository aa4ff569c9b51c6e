import { isDeepStrictEqual } from 'node:util'
import type { ComparableDocument, ComparableState } from './comparable-state.ts'
import { canonicalText, isHash, type Json } from './plain-json.ts'

const MOST_LINES = 40

/**
 * Returns a line for each field in which two states differ, `collection key /pointer: left | right`; empty when they
 * are equal. Beyond 40 lines only their number is told.
 */
export const describeDifference = (left: ComparableState, right: ComparableState): string => {
  const collections = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()
  const lines = collections.flatMap((collection) =>
    collectionLines(collection, left[collection] ?? [], right[collection] ?? []),
  )
  if (lines.length <= MOST_LINES) return lines.join('\n')
  return [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more`].join('\n')
}

const collectionLines = (
  collection: string,
  left: readonly ComparableDocument[],
  right: readonly ComparableDocument[],
): readonly string[] => {
  const [lefts, rights] = [byKey(left), byKey(right)]
  const keys = [...new Set([...lefts.keys(), ...rights.keys()])].sort()
  return keys.flatMap((key) => {
    const [one, other] = [lefts.get(key), rights.get(key)]
    if (one === undefined) return [`${collection} ${key}: (missing) | ${canonicalText(other)}`]
    if (other === undefined) return [`${collection} ${key}: ${canonicalText(one)} | (missing)`]
    return fieldLines(one, other, '').map((line) => `${collection} ${key} ${line}`)
  })
}

const byKey = (documents: readonly ComparableDocument[]): ReadonlyMap<string, Json> =>
  new Map(documents.map(({ key, fields }) => [key, fields]))

const fieldLines = (left: unknown, right: unknown, pointer: string): readonly string[] => {
  // Nearly all are, and looking costs a fraction of the texts.
  if (isDeepStrictEqual(left, right)) return []
  if (canonicalText(left) === canonicalText(right)) return []
  if (!isHash(left) || !isHash(right)) return [`${pointer}: ${canonicalText(left)} | ${canonicalText(right)}`]
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()
  return keys.flatMap((key) => fieldLines(left[key], right[key], `${pointer}/${key}`))
}
