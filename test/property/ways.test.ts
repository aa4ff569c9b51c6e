import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ComparableState, comparableState } from '../oracle/comparable-state.ts'
import { describeDifference } from '../oracle/describe-difference.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { alone, asItIs, batchesOf, born, deliver, deliverAll, toldOf } from '../support/played-lives.ts'
import { deletion, lives, orders, shuffled } from '../support/random-billing.ts'
import { deliveryOptions, readerOf, thinDeliveryOf } from '../support/reading-pipeline.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
console.log(`PROPERTY_SEED=${seed}`)

const runs = 15

/** The first life of all, and two orders of its events. */
const shortLife: [typeof deletion, readonly number[], readonly number[]] = [
  [{ verb: 'customer', pick: 0 }, ...deletion],
  [1, 2, 3, 4, 5],
  [5, 3, 1, 2, 4],
]

/** What a store holds, without projections that a way cannot know of. */
const stateOf = (store: MemoryStore, isJudged: (fields: Fields) => boolean): ComparableState =>
  Object.fromEntries(
    Object.entries(comparableState(store.dump())).map(([collection, documents]) => [
      collection,
      documents.filter(({ fields }) => fields.stripe_id === undefined || isJudged(fields)),
    ]),
  )

type Fields = Readonly<Record<string, unknown>>

test('events read, unread and by turns leave the same documents', { timeout: 300_000 }, async () => {
  const played = await playStripe()
  const met = { documents: 0, desk: 0, deleted: 0 }
  await fc.assert(
    fc.asyncProperty(lives, orders, orders, async (steps, keys, otherKeys) => {
      const account = born(played, steps.flatMap(alone))
      const told = toldOf(account)
      const read = readerOf(played.server)
      const [asked, unasked, mixed] = [new MemoryStore([]), new MemoryStore([]), new MemoryStore([])]
      await deliverAll(shuffled(account.events, keys), { store: asked, read })
      await deliverAll(shuffled(account.events, otherKeys), { store: unasked, read: null })
      for (const [index, batch] of batchesOf(shuffled(account.events, otherKeys)).entries())
        await deliver(batch.map(asItIs), deliveryOptions(mixed, index % 2 === 0 ? read : null))
      const isTold = ({ stripe_id }: Fields) => told.has(stripe_id)
      const states = [asked, unasked, mixed].map((store) => stateOf(store, isTold))
      const [first = {}, ...others] = states
      for (const other of others) expect(describeDifference(first, other)).toBe('')
      const documents = Object.values(first).flat()
      met.documents += documents.length
      met.desk += first['support.messages']?.length ?? 0
      met.deleted += documents.filter(({ fields }) => fields.deleted === true).length
    }),
    { numRuns: runs, seed, examples: [shortLife] },
  )
  console.log(JSON.stringify(met))
  for (const [what, count] of Object.entries(met)) expect(count, what).toBeGreaterThan(0)
})

test('thin events leave the documents that whole ones do', { timeout: 300_000 }, async () => {
  const played = await playStripe()
  const met = { documents: 0, desk: 0 }
  await fc.assert(
    fc.asyncProperty(lives, orders, orders, async (steps, keys, otherKeys) => {
      // A thin event of what is gone leaves a tombstone that never had a content, nor a customer's contact.
      const lasting = steps.filter(({ verb }) => verb !== 'delete')
      const account = born(played, lasting)
      const read = readerOf(played.server)
      const [whole, thin] = [new MemoryStore([]), new MemoryStore([])]
      await deliverAll(shuffled(account.events, keys), { store: whole, read })
      await deliverAll(shuffled(account.events, otherKeys), { store: thin, read, form: thinDeliveryOf })
      const [expected, found] = [whole, thin].map((store) => stateOf(store, () => true))
      expect(describeDifference(expected ?? {}, found ?? {})).toBe('')
      met.documents += Object.values(expected ?? {}).flat().length
      met.desk += expected?.['support.messages']?.length ?? 0
    }),
    { numRuns: runs, seed },
  )
  console.log(JSON.stringify(met))
  for (const [what, count] of Object.entries(met)) expect(count, what).toBeGreaterThan(0)
})
