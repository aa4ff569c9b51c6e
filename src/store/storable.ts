// The boundary to MongoDB's documents. Guarantee: what `toStorable` returns can be written, and `decodeStored` reads
// it back equal, for any JSON that Stripe could sign. Keys such as `_bsontype` mean something to the driver unless
// they sit in a Map (measured: it throws on a plain object with that key); a NUL in a key and a lone surrogate
// can't be stored at all and are written as their `\u` escape.

import { BSON } from 'mongodb'
import { isStorableKey, storableKey, storableText } from '../core/escapes.ts'

/**
 * Returns a document in the form in which the driver writes it without taking any key for its own: itself where it
 * has that form already. Nearly all have, and looking costs a fraction of copying.
 */
export const toStorable = (value: unknown): unknown => (isStorable(value) ? value : makeStorable(value))

/** Returns a document from its bytes, its keys as they are: the driver alone would answer `{$ref, $id}` as a DBRef. */
export const decodeStored = (bytes: Uint8Array): Record<string, unknown> => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!buffer.includes('$ref\0')) return BSON.deserialize(buffer)
  const disguised = Buffer.from(buffer)
  disguiseReferences(disguised, 0)
  const document = BSON.deserialize(disguised)
  showReferences(document)
  return document
}

const isStorable = (value: unknown): boolean => {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isStorable)
  return !isPlain(value) || isStorableObject(value)
}

const isStorableObject = (object: object): boolean => {
  if (Object.getPrototypeOf(object) === null) return false
  const values = object as Readonly<Record<string, unknown>> // looked at by its own keys only
  for (const key in values) {
    if (key === '_bsontype' || !isStorableKey(key)) return false
    const value = values[key]
    if (value === undefined || !isStorable(value)) return false
  }
  return true
}

const makeStorable = (value: unknown): unknown => {
  if (typeof value === 'string') return storableText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(makeStorable)
  return isPlain(value) ? storableObject(value) : value
}

const storableObject = (object: object): unknown => {
  const entries = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]): [string, unknown] => [storableKey(key), makeStorable(value)])
  return Object.hasOwn(object, '_bsontype') ? new Map(entries) : Object.fromEntries(entries)
}

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// BSON type bytes: https://bsonspec.org/spec.html
const stringType = 0x02
const objectType = 0x03
const arrayType = 0x04
const codeType = 0x0d

// A DBRef is an object whose `$ref` is a string. Typed as code, which has the same length, it is none; elements are
// walked because the bytes of `$ref` may as well be those of a number.
const disguiseReferences = (document: Buffer, start: number): void => {
  for (const [type, nameOffset, nameLength, offset] of BSON.onDemand.parseToElements(document, start)) {
    if (type === objectType || type === arrayType) disguiseReferences(document, offset)
    else if (
      type === stringType &&
      document.toString('latin1', nameOffset, nameOffset + nameLength) === '$ref'
    )
      document[nameOffset - 1] = codeType
  }
}

const showReferences = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || !(Array.isArray(value) || isPlain(value))) return
  const holder = value as Record<string, unknown> // arrays never hold the key
  if (holder.$ref instanceof BSON.Code) holder.$ref = holder.$ref.code
  for (const child of Object.values(holder)) showReferences(child)
}
