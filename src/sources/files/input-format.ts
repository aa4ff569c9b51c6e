// Tells JSON lines from JSON by what an input begins with, as early as that tells: a pipe may show no more for hours.

import { extname } from 'node:path'

/** `values`: one event, a list, or several of them, over as many lines as they take. */
export type InputFormat = 'lines' | 'values'

/**
 * Returns the format of an input; null where only more of it can tell.
 * @param head what it begins with
 * @param isAll true where no more of it is looked at
 */
export const formatOf = (path: string, head: Buffer, isAll: boolean): InputFormat | null => {
  if (/\.(jsonl|ndjson)$/.test(extname(path) === '.gz' ? path.slice(0, -3) : path)) return 'lines'
  if (!isAll && !head.includes('\n')) return null
  const lines = head.toString('utf8').split('\n')
  const seen = (isAll ? lines : lines.slice(0, -1)).map((line) => line.trim())
  const first = seen.find((line) => line !== '') ?? ''
  if (isWholeObject(first)) return 'lines'
  // The first line begins what is printed over several, or is JSON by itself. Else it is damaged, and those after it tell.
  if (/^\[|[[{,:]$/.test(first) || isWhole(first)) return 'values'
  if (!isAll) return null
  return seen.some(isWholeObject) ? 'lines' : 'values'
}

const isWholeObject = (line: string): boolean => {
  if (!line.startsWith('{') || !line.endsWith('}')) return false
  const value = parsed(line)
  return typeof value === 'object' && value !== null && !('object' in value && value.object === 'list')
}

const isWhole = (line: string): boolean => parsed(line) !== undefined

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    // Not JSON by itself: part of something longer, or damaged.
    return undefined
  }
}
