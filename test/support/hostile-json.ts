// Random JSON whose keys and values mean something to JavaScript, to MongoDB's driver or to its server.

import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/core/json.ts'

/** Keys that a careless reader or writer of documents takes for its own. */
export const hostileKeys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'toBSON',
  'inspect',
  'then',
  'length',
  'size',
  '_bsontype',
  '_id',
  '$where',
  '$set',
  '$unset',
  '$ref',
  '$id',
  '$db',
  '!~$ref',
  '$refs',
  'a.b',
  'a.',
  '.',
  '',
  '0',
  '-1',
  ' ',
  '🦊',
  'مفتاح',
  '\uFEFF',
  '\u2028',
]

/** Keys that MongoDB can't hold: they are stored with their `\u` escape. */
export const unstorableKeys: readonly string[] = ['\0', 'a\0b', '$ref\0', '\uD800', 'a\uDFFF', '\uDC00\uD800']

const hostileValues: readonly Json[] = [
  '$secret',
  '$$ROOT',
  'ObjectId',
  'DBRef',
  'Long',
  '',
  '\0',
  'x$ref',
  '🦊',
  '\uFEFFa',
  // The bytes of these numbers are those of the text `$ref`.
  0x66_65_72_24,
  Buffer.from('\0\0\0$ref\0', 'latin1').readDoubleLE(),
  -0,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  0.1,
  null,
  true,
  [],
  {},
  [null],
  [[]],
  { $ref: 'a.b', $id: 1 },
  { $ref: 'c', $id: null, $db: 'd', extra: 1 },
  { _bsontype: 'ObjectId', id: 'x' },
  { $numberLong: '1' },
]

/** Any JSON object, mostly with keys out of the list. */
export const hostileObject = (keys: readonly string[]): fc.Arbitrary<JsonObject> => {
  const key = fc.oneof(
    fc.constantFrom(...keys),
    fc.string({ unit: 'grapheme', maxLength: 4 }).map(withoutNul),
  )
  const leaf = fc.oneof(
    fc.constantFrom(...hostileValues),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  const { tree } = fc.letrec<{ tree: Json; object: JsonObject }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }).map(Object.fromEntries<Json>),
  }))
  return fc.array(fc.tuple(key, tree), { maxLength: 6 }).map(Object.fromEntries<Json>)
}

const withoutNul = (text: string): string => text.replaceAll('\0', '')

/** Returns JSON as it reads once it is stored: what MongoDB can't hold in a key or a text stands there as its escape. */
export const withEscapes = (value: Json): Json => {
  if (typeof value === 'string') return escaped(value, isLone)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withEscapes)
  const entries = Object.entries(value).map(([key, held]): [string, Json] => [
    escaped(key, (character) => character === '\0' || isLone(character)),
    withEscapes(held),
  ])
  return Object.fromEntries(entries)
}

const isLone = (character: string): boolean => !character.isWellFormed()

const escaped = (text: string, isEscaped: (character: string) => boolean): string =>
  [...text].map((character) => (isEscaped(character) ? escapeOf(character) : character)).join('')

const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
