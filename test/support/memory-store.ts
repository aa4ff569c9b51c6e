// The pipeline's store in memory, for properties that run by the thousand. Documents lie as BSON bytes, so that
// everything passes the same boundary as with MongoDB, and a commit compares the sequence number likewise.

import { BSON } from 'mongodb'
import { defaultSettings } from '../../src/core/account.ts'
import type { Commit, OpenAccount, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { decodeStored, toStorable } from '../../src/store/storable.ts'
import type { Write } from '../../src/unit-of-work/change-set.ts'
import type { AccountReader, FieldLookup, StoredDocument } from '../../src/unit-of-work/reader.ts'
import type { AccountSettings } from '../oracle/history.ts'

/** Bytes, and what they hold for finding only: what is handed out is read from the bytes anew. */
interface Row {
  readonly bytes: Uint8Array
  readonly held: () => Readonly<Record<string, unknown>>
}

type Collections = Map<string, Map<string, Row>>

/** What is left of a document where only some fields of its hashes, such as `sync.as_of`, are asked for. */
const onlyFields = (document: StoredDocument, fields: readonly string[] | undefined): StoredDocument => {
  if (fields === undefined) return document
  const kept: Record<string, Record<string, unknown>> = {}
  for (const [hash = '', name = ''] of fields.map((field) => field.split('.'))) {
    const held = document[hash] as Readonly<Record<string, unknown>> // our own book-keeping
    kept[hash] = { ...kept[hash], [name]: held[name] }
  }
  return { _id: document._id, ...kept }
}

export class MemoryStore implements PipelineStore {
  readonly #collections: Collections = new Map()
  readonly #seqs = new Map<string, number>()
  readonly #settings: ReadonlyMap<string, AccountSettings>
  #notices = 0

  constructor(
    accounts: readonly AccountSettings[],
    documents: Readonly<Record<string, readonly Record<string, unknown>[]>> = {},
  ) {
    this.#settings = new Map(accounts.map((account) => [account.stripe_user_id, account]))
    for (const [collection, rows] of Object.entries(documents)) {
      for (const row of rows) this.#write(collection, row)
    }
  }

  /** Number of notices of all commits. */
  get notices(): number {
    return this.#notices
  }

  openAccount(id: string): Promise<OpenAccount> {
    const given = this.#settings.get(id)
    const settings =
      given === undefined
        ? defaultSettings(id)
        : { id, newContact: given.new_contact, support: given.support, mappings: given.mappings }
    const reader: AccountReader = {
      byDocumentIds: async (collection, ids, fields) =>
        ids
          .map((key) => this.#read(collection, key))
          .filter((document) => document?.stripe_user_id === id)
          .map((document) => onlyFields(document as StoredDocument, fields)),
      byField: async ({ most = Number.POSITIVE_INFINITY, ...lookup }, values) =>
        this.#find(id, lookup, values).slice(0, most + 1),
      idsByField: async (lookup, values) =>
        this.#find(id, lookup, values)
          .map(({ stripe_id }) => String(stripe_id))
          .sort(),
      currency: async (code) => (code === 'USD' ? { _id: 'USD', code, symbol: '$', exponent: 2 } : null),
    }
    return Promise.resolve({
      settings,
      seq: this.#seqs.get(id) ?? 0,
      connection: (this.#read('billing.accounts', id)?.connection ?? null) as OpenAccount['connection'],
      parked: false,
      unfinished: (this.#read('billing.accounts', id)?.unfinished ?? []) as OpenAccount['unfinished'],
      contactsDue: (this.#read('billing.accounts', id)?.contacts_due ?? null) as OpenAccount['contactsDue'],
      reader,
    })
  }

  commit({ account, seq, writes, notices }: Commit): Promise<boolean> {
    if ((this.#seqs.get(account) ?? 0) !== seq) return Promise.resolve(false)
    this.#seqs.set(account, seq + 1)
    for (const write of writes) this.#apply(write)
    this.#notices += notices.length
    return Promise.resolve(true)
  }

  /** Returns all documents by collection. */
  dump(): Record<string, Record<string, unknown>[]> {
    return Object.fromEntries(
      [...this.#collections].map(([name, rows]) => [
        name,
        [...rows.values()].map(({ bytes }) => decodeStored(bytes)),
      ]),
    )
  }

  #apply(write: Write): void {
    if (write.kind !== 'update') {
      if (write.kind === 'insert' && this.#read(write.collection, String(write.document._id)) !== null) {
        throw new RangeError(`${write.collection} ${String(write.document._id)} is there already`)
      }
      this.#write(write.collection, write.document)
      return
    }
    const document = this.#read(write.collection, String(write.id)) ?? {
      _id: write.id,
      stripe_user_id: write.id,
    }
    for (const [path, value] of Object.entries(write.set)) setPath(document, path.split('.'), value)
    for (const path of write.unset) setPath(document, path.split('.'), undefined)
    this.#write(write.collection, document)
  }

  #find(
    account: string,
    { collection, field, caseless, holdsId }: FieldLookup,
    values: readonly unknown[],
  ): StoredDocument[] {
    const fold = (value: unknown) => {
      if (holdsId === true) return String(value)
      return caseless === true && typeof value === 'string' ? value.toLowerCase() : value
    }
    const wanted = new Set(values.map(fold))
    const path = field.split('.')
    const isWanted = (row: Readonly<Record<string, unknown>>): boolean => {
      if (row.stripe_user_id !== account) return false
      const held = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], row)
      return (Array.isArray(held) ? held : [held]).some((item) => wanted.has(fold(item)))
    }
    return [...(this.#collections.get(collection)?.values() ?? [])]
      .filter((row) => isWanted(row.held()))
      .map(({ bytes }) => decodeStored(bytes)) as StoredDocument[]
  }

  #read(collection: string, id: string): Record<string, unknown> | null {
    const row = this.#collections.get(collection)?.get(id)
    return row === undefined ? null : decodeStored(row.bytes)
  }

  #write(collection: string, document: Readonly<Record<string, unknown>>): void {
    const rows = this.#collections.get(collection) ?? new Map<string, Row>()
    this.#collections.set(collection, rows)
    const bytes = BSON.serialize(toStorable(document) as BSON.Document, { ignoreUndefined: true })
    let held: Record<string, unknown> | undefined
    rows.set(String(document._id), {
      bytes,
      held: () => {
        held ??= decodeStored(bytes)
        return held
      },
    })
  }
}

const setPath = (
  target: Record<string, unknown>,
  [head = '', ...rest]: readonly string[],
  value: unknown,
): void => {
  const held = Object.hasOwn(target, head) ? target[head] : undefined
  if (rest.length > 0) {
    const child = typeof held === 'object' && held !== null ? held : {}
    setOwn(target, head, child)
    setPath(child as Record<string, unknown>, rest, value)
  } else if (value === undefined) delete target[head]
  else setOwn(target, head, value)
}

// As MongoDB does: a key `__proto__` is a key.
const setOwn = (target: Record<string, unknown>, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}
