// The boundary to MongoDB's documents. Guarantee: what `toStorable` returns can be written, and `decodeStored` reads
// it back equal, for any JSON that Stripe could sign. Keys such as `_bsontype` mean something to the driver unless
// they sit in a Map (measured: it throws on a plain object with that key); a NUL in a key and a lone surrogate
// can't be stored at all and are written as their `\u` escape.

import { Binary, BSON, type Document, ObjectId } from 'mongodb'
import { isStorableKey, storableKey, storableText } from '../core/escapes.ts'
import { isPlain } from '../core/json.ts'

/** A document in the form in which the driver writes it without taking any key for its own. */
export interface Storable {
  readonly document: Document
  /** It takes no more than so many as BSON: few of Stripe's texts are anything but ASCII, so mostly a third of it. */
  readonly mostBytes: number
}

/** Returns a document in the form in which it is written: itself where it has that form already. */
export const storableOf = (document: object): Storable => {
  const mostBytes = mostBytesOf(document)
  if (mostBytes !== notAsItIs) return { document, mostBytes }
  const made = makeStorable(document) as Document // a document stays a document
  return { document: made, mostBytes: mostBytesOf(made) }
}

/** Returns a value in the form in which it is written. Nearly all have it, and looking costs a fraction of copying. */
export const toStorable = (value: unknown): unknown =>
  mostBytesOf(value) === notAsItIs ? makeStorable(value) : value

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

/** What can't be written as it is, as a number of bytes. */
const notAsItIs = Number.POSITIVE_INFINITY

/** What is of a type that nothing here writes: no document may be larger. */
const unknownBytes = 16 * 1024 * 1024

// https://bsonspec.org/spec.html: an element is its type, its name and a NUL, then its value.
const mostBytesOf = (value: unknown): number => {
  if (typeof value === 'string') return value.isWellFormed() ? 5 + 3 * value.length : notAsItIs
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return mostBytesOfItems(value)
  const prototype = Object.getPrototypeOf(value)
  if (prototype === null) return notAsItIs
  return prototype === Object.prototype ? mostBytesOfEntries(value) : mostBytesOfType(value)
}

const mostBytesOfItems = (items: readonly unknown[]): number => {
  let bytes = 5
  for (const item of items) bytes += longestIndex + mostBytesOf(item)
  return bytes
}

/** Type, digits and NUL of a list's element. */
const longestIndex = 12

const mostBytesOfEntries = (object: object): number => {
  const values = object as Readonly<Record<string, unknown>> // looked at by its own keys only
  let bytes = 5
  for (const key in values) {
    const value = values[key]
    if (key === '_bsontype' || !isStorableKey(key) || value === undefined) return notAsItIs
    bytes += 2 + 3 * key.length + mostBytesOf(value)
  }
  return bytes
}

const mostBytesOfType = (value: object): number => {
  if (value instanceof Date) return 8
  if (value instanceof Binary) return 5 + value.length()
  if (value instanceof ObjectId) return 12
  if (!(value instanceof Map)) return unknownBytes
  let bytes = 5
  for (const [key, held] of value) bytes += 2 + 3 * String(key).length + mostBytesOf(held)
  return bytes
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
