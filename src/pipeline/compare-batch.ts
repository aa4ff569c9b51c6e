// The main path of a drift audit: what was read from Stripe is folded as observe-batch.ts folds it, each object alone,
// and what would have been written is compared with what is stored. Guarantee: nothing is written; whatever a
// document owes to its relatives is worked out from what is stored of them.

import { defaultSettings } from '../core/account.ts'
import { fingerprintsOf } from '../core/content-hash.ts'
import { asNewest, type Difference, driftedFields, driftedLinks } from '../core/drift.ts'
import type { JsonObject } from '../core/json.ts'
import { type ObjectKind, objectKinds } from '../core/object-kinds.ts'
import type { Observation } from '../core/observation.ts'
import { contentOf, isDeleted, type Projection } from '../core/projection.ts'
import { documentId, type ProjectionDocument } from '../core/projection-document.ts'
import { project } from '../handlers/project.ts'
import {
  reconcileCharge,
  reconcileInvoice,
  reconcileInvoicePayment,
  reconcileSubscription,
} from '../handlers/relatives.ts'
import { preload } from '../unit-of-work/preload.ts'
import type { AccountReader, StoredDocument, WorkCollection } from '../unit-of-work/reader.ts'
import { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

export interface ComparedAccount {
  readonly id: string
  /** Reads this account's documents, anew for each batch. */
  readonly reader: AccountReader
}

/** Returns what differs of the objects and of the relatives that they tell of, each object once. */
export const compareBatch = async (
  { id, reader }: ComparedAccount,
  observations: readonly Observation[],
): Promise<readonly Difference[]> => {
  const documents: Documents = new Map()
  const work = new UnitOfWork({
    account: defaultSettings(id),
    effects: 'none',
    now: new Date(0),
    reader: noting(reader, documents),
  })
  const seen = observations.map(asNewest)
  await Promise.all([
    preload(
      work,
      seen.filter(({ kind }) => kind in reconcilers),
    ),
    ...seen.map((observation) => work.projections[observation.kind].load([observation.id])),
  ])
  const found = new Map<string, Difference>()
  for (const observation of seen) {
    for (const difference of await compare(work, observation, documents)) {
      const key = `${difference.kind}:${difference.id}`
      found.set(key, joined(found.get(key), difference))
    }
  }
  return [...found.values()]
}

type Documents = Map<string, ProjectionDocument>

// Documents pass here on their way to the unit of work, which keeps only what it makes of them.
const noting = (reader: AccountReader, documents: Documents): AccountReader => {
  const note = (collection: WorkCollection, read: readonly StoredDocument[]): readonly StoredDocument[] => {
    for (const document of read)
      documents.set(`${collection}:${String(document._id)}`, document as unknown as ProjectionDocument) // looked up by a projection's collection only
    return read
  }
  return {
    // One that is not read whole is compared with nothing.
    byDocumentIds: async (collection, ids, fields) => {
      const read = await reader.byDocumentIds(collection, ids, fields)
      return fields === undefined ? note(collection, read) : read
    },
    byField: async (lookup, values) => note(lookup.collection, await reader.byField(lookup, values)),
    idsByField: (lookup, values) => reader.idsByField(lookup, values),
    currency: (code) => reader.currency(code),
  }
}

/** How each kind that owes fields to its relatives, or lends them some, is reconciled with them. */
const reconcilers: Partial<Record<ObjectKind, (work: UnitOfWork, after: Projection) => Promise<void>>> = {
  charge: (work, { id }) => reconcileCharge(work, id),
  invoice: (work, { id }) => reconcileInvoice(work, id),
  // Its metadata is no field of its invoices' own.
  subscription: (work, after) => reconcileSubscription(work, { before: after, after }),
  invoice_payment: (work, { id }) => reconcileInvoicePayment(work, id),
}

const compare = async (
  work: UnitOfWork,
  seen: Observation,
  documents: Documents,
): Promise<readonly Difference[]> => {
  const savepoint = work.savepoint()
  const { before, after } = await project(work, seen)
  await reconcilers[seen.kind]?.(work, after)
  const changed = [...work.changedSince(savepoint).keys()].map(({ now }) => now as Projection) // only projections are put
  work.rollback(savepoint)
  return changed.flatMap((expected): readonly Difference[] => {
    const { kind, id } = expected
    const isItself = kind === seen.kind && id === seen.id
    if (isItself && before === null) return missing(expected)
    const document = documents.get(`${objectKinds[kind].collection}:${documentId(work.account.id, id)}`)
    if (document === undefined) return []
    const fields = isItself ? driftedFields({ document, expected }) : driftedLinks({ document, expected })
    const shown = isItself ? (seen.content ?? {}) : expected.canonical
    return fields.length === 0 ? [] : [different(expected, { document, fields, shown })]
  })
}

const missing = (expected: Projection): readonly Difference[] => {
  if (isDeleted(expected)) return []
  const { kind, id } = expected
  const shows = fingerprintsOf(contentOf(expected) ?? {}, null).to
  return [{ kind, id, drift: 'missing', fields: [], writtenAt: null, shows }]
}

const different = (
  { kind, id }: Projection,
  {
    document,
    fields,
    shown,
  }: {
    readonly document: ProjectionDocument
    readonly fields: readonly string[]
    readonly shown: JsonObject
  },
): Difference => {
  const { updated_at: writtenAt } = document.sync
  return { kind, id, drift: 'different', fields, writtenAt, shows: fingerprintsOf(shown, null).to }
}

// A relative may be told of by several of a batch.
const joined = (known: Difference | undefined, more: Difference): Difference =>
  known === undefined
    ? more
    : {
        ...more,
        drift: known.drift === 'missing' ? 'missing' : more.drift,
        fields: [...new Set([...known.fields, ...more.fields])].sort(),
        shows: [known.shows, more.shows].sort().join(),
      }
