// What is said of a value where its schema has no words of its own: valibot's would quote the value.

import type * as v from 'valibot'

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
export const wordsOfIssue = ({ type, input, requirement }: v.BaseIssue<unknown>): string => {
  if (type === 'max_length')
    return `expected at most ${requirement} ${typeof input === 'string' ? 'characters' : 'entries'}, got ${lengthOf(input)}`
  const expected = kinds[type]
  return expected === undefined ? 'it is invalid' : `expected ${expected}, got ${kindOf(input)}`
}

/** Returns the kind of a JSON value in words; undefined is nothing. */
export const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  const kind = Array.isArray(value) ? 'array' : typeof value
  return kinds[kind] ?? kind
}

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || Array.isArray(value) ? value.length : 0
