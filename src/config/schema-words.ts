// What is said of a value where its schema has no words of its own: zod's would speak of its own types.

import type { z } from 'zod'

/** Kinds of JSON values in words. */
const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
  undefined: 'nothing',
}

/** Returns what was expected and which kind of value came, never the value itself: it may be a secret. */
export const wordsOfIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    const expected = kinds[issue.expected] ?? issue.expected
    return `expected ${expected}, got ${kindOf(issue.input)}`
  }
  if (issue.code === 'too_big' && issue.origin === 'array')
    return `expected at most ${issue.maximum} entries, got ${lengthOf(issue.input)}`
  if (issue.code === 'too_big' && issue.origin === 'string')
    return `expected at most ${issue.maximum} characters, got ${lengthOf(issue.input)}`
  return undefined
}

/** Returns the kind of a JSON value in words; undefined is nothing. */
export const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  const kind = Array.isArray(value) ? 'array' : typeof value
  return kinds[kind] ?? kind
}

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || Array.isArray(value) ? value.length : 0
