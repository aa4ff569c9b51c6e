// Entries of a file that try to do harm, by kind, each with what must come of it. They stand among good ones.

import { fixtureAccount, numberedEvent } from './deliveries.ts'
import { type Json, type JsonObject, loadEvent } from './fixture-files.ts'

export interface HostileKind {
  readonly name: string
  /** Code that each entry must fail with; null: it is applied. */
  readonly code: string | null
  /** Texts of entries of the kind; the number makes their ids. */
  readonly texts: readonly ((number: number) => string)[]
}

const charged = (number: number, fields: JsonObject = {}) => numberedEvent(number, { changes: fields })

/** The text of a charge whose metadata is what JSON.stringify would not write. */
const chargedWith =
  (metadata: () => string) =>
  (number: number): string =>
    JSON.stringify(charged(number, { metadata: 'hostile' })).replace('"hostile"', metadata)

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

const megabyte = 'x'.repeat(1024 * 1024)
const metadataOf = (megabytes: number): string =>
  JSON.stringify(
    Object.fromEntries(Array.from({ length: megabytes }, (_, index) => [`key_${index}`, megabyte])),
  )

const manyKeys = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, index])))

const operators: readonly Json[] = [{ $gt: '' }, ['x'], 7, { $ne: null }, true]
const operatorsAndNull: readonly Json[] = [...operators, null]

const hostileCustomer = loadEvent('customer.updated.hostile-metadata')

export const hostileKinds: readonly HostileKind[] = [
  {
    name: 'lines that are no event',
    code: 'event_invalid',
    texts: ['no JSON', '"evt_1"', '[]', 'null', '{"id":'].map((text) => () => text),
  },
  {
    name: 'event ids that are objects',
    code: 'event_invalid',
    texts: operatorsAndNull.map((id) => (number) => JSON.stringify({ ...charged(number), id })),
  },
  {
    name: 'accounts that are objects',
    code: 'event_invalid',
    texts: operators.map((account) => (number) => JSON.stringify({ ...charged(number), account })),
  },
  {
    name: 'object ids that are objects',
    code: 'object_invalid',
    texts: operatorsAndNull.map((id) => (number) => JSON.stringify(charged(number, { id }))),
  },
  {
    name: 'links that are objects',
    code: 'object_invalid',
    texts: operators.map((customer) => (number) => JSON.stringify(charged(number, { customer }))),
  },
  {
    name: 'nesting of 200 levels',
    code: 'payload_unstorable',
    texts: [chargedWith(() => nested(200))],
  },
  {
    name: 'nesting of 100,000 levels',
    code: 'payload_unstorable',
    texts: [chargedWith(() => nested(100_000))],
  },
  {
    name: 'numbers that are not finite',
    code: 'payload_unstorable',
    texts: [chargedWith(() => '{"n":[1e400]}')],
  },
  {
    name: 'documents of over 16 MB',
    code: 'payload_unstorable',
    texts: [chargedWith(() => metadataOf(9))],
  },
  {
    name: 'events of over 16 MB',
    code: 'payload_unstorable',
    texts: [chargedWith(() => metadataOf(16))],
  },
  { name: 'nesting of 60 levels', code: null, texts: [chargedWith(() => nested(60))] },
  { name: 'metadata of 100,000 keys', code: null, texts: [chargedWith(() => manyKeys(100_000))] },
  { name: 'metadata of 3 MB', code: null, texts: [chargedWith(() => metadataOf(3))] },
  {
    name: 'keys that mean something',
    code: null,
    texts: [
      chargedWith(
        () =>
          '{"a.b":"1","$set":{"$gt":"$secret"},"__proto__":{"polluted":"yes"},"_bsontype":"ObjectId","":""}',
      ),
    ],
  },
  {
    name: 'keys that are not storable',
    code: null,
    texts: [chargedWith(() => '{"nul\\u0000key":"a","lone\\ud800":"\\udfff","\\u0000":"nul value \\u0000"}')],
  },
  {
    name: 'customers to be mapped',
    code: null,
    texts: [
      (number) =>
        JSON.stringify(hostileCustomer)
          .replaceAll(String(hostileCustomer.data.object.id), `cus_hostile${number}`)
          .replaceAll(hostileCustomer.id, `evt_hostile${number}`),
    ],
  },
]

/** Returns the entry as one of another account. */
export const ofAccount = (text: string, account: string): string => text.replaceAll(fixtureAccount, account)
