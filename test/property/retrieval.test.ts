import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectMirror } from '../support/expect-mirror.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { alone, asItIs, batchesOf, born, deliver, deliverAll, toldOf } from '../support/played-lives.ts'
import { deletion, live, lives, orders, type Step, shuffled } from '../support/random-billing.ts'
import { deliveryOptions, readerOf, thinDeliveryOf } from '../support/reading-pipeline.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import type { StripeAccount } from '../support/stripe/stripe-account.ts'

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
console.log(`PROPERTY_SEED=${seed}`)

const limits = { timeout: 300_000 }

/** Lives that pass side by side: most of their time they wait for the next second. */
const together = 8

interface Plan {
  /** What happens before the first delivery. */
  readonly before: readonly Step[]
  /** What happens between two deliveries. */
  readonly after: readonly Step[]
  readonly keys: readonly number[]
}

const plans: fc.Arbitrary<Plan> = fc.record({ before: lives, after: lives, keys: orders })

const counts = () => {
  const all: Record<string, number> = {}
  return {
    all,
    add: (more: Readonly<Record<string, number>>): void => {
      for (const [name, count] of Object.entries(more)) all[name] = (all[name] ?? 0) + count
    },
  }
}

test('events in any order leave the mirror equal to Stripe, while it goes on', limits, async () => {
  const played = await playStripe()
  const met = counts()
  const check = async (account: StripeAccount, { after, keys }: Plan): Promise<void> => {
    const target = { store: new MemoryStore([]), read: readerOf(played.server) }
    const [early, late] = [account.events.slice(0, keys.length), account.events.slice(keys.length)]
    await deliverAll(shuffled(early, keys), target)
    const known = account.events.length
    // What happens now may happen in the second of a read.
    live(account, after, () => undefined)
    await deliverAll(shuffled([...late, ...account.events.slice(known)], keys), target)
    met.add(expectMirror(target.store.dump(), account))
  }
  await fc.assert(
    fc.asyncProperty(fc.array(plans, { minLength: together, maxLength: together }), async (all) => {
      const accounts = all.map((plan, index) => ({
        plan: index === 0 ? { ...plan, after: [...plan.after, ...deletion] } : plan,
        account: born(played, plan.before),
      }))
      // Answers come late and overtake each other.
      for (const key of all.flatMap(({ keys }) => keys))
        played.server.faults.add({}, { kind: 'latency', ms: key % 40 })
      // None goes on once the test is over and its Stripe is gone: it would wait for answers for ever.
      const ends = await Promise.allSettled(accounts.map(({ account, plan }) => check(account, plan)))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    }),
    { numRuns: 2, seed, endOnFailure: true },
  )
  console.log(JSON.stringify(met.all))
  for (const family of ['refund', 'dispute', 'product', 'invoice_payment', 'deleted'])
    expect(met.all[family], family).toBeGreaterThan(0)
})

test('batches read and unread by turns leave the mirror equal to Stripe', limits, async () => {
  const played = await playStripe()
  const met = counts()
  await fc.assert(
    fc.asyncProperty(lives, orders, async (steps, keys) => {
      const account = born(played, steps.flatMap(alone))
      const store = new MemoryStore([])
      const events = shuffled(account.events, keys)
      for (const [index, batch] of batchesOf(events).entries()) {
        const isRead = (keys[index % keys.length] ?? 0) % 2 === 0
        await deliver(batch.map(asItIs), deliveryOptions(store, isRead ? readerOf(played.server) : null))
        met.add({ [isRead ? 'read' : 'unread']: 1 })
      }
      const told = toldOf(account)
      met.add(expectMirror(store.dump(), account, (id) => told.has(id)))
    }),
    { numRuns: 20, seed },
  )
  console.log(JSON.stringify(met.all))
  expect(met.all.read).toBeGreaterThan(0)
  expect(met.all.unread).toBeGreaterThan(0)
})

test('thin events alone leave the mirror equal to Stripe', limits, async () => {
  const played = await playStripe()
  const met = counts()
  await fc.assert(
    fc.asyncProperty(lives, orders, async (steps, keys) => {
      const account = born(played, steps)
      const target = { store: new MemoryStore([]), read: readerOf(played.server) }
      await deliverAll(shuffled(account.events, keys), { ...target, form: thinDeliveryOf })
      met.add(expectMirror(target.store.dump(), account))
    }),
    { numRuns: 20, seed },
  )
  console.log(JSON.stringify(met.all))
  expect(met.all.charge).toBeGreaterThan(0)
})

test('payloads alone, in any order, leave what was told equal to Stripe', limits, async () => {
  const played = await playStripe()
  const met = counts()
  await fc.assert(
    fc.asyncProperty(lives, orders, async (steps, keys) => {
      const account = born(played, steps.flatMap(alone))
      const store = new MemoryStore([])
      await deliverAll(shuffled(account.events, keys), { store, read: null })
      const told = toldOf(account)
      met.add(expectMirror(store.dump(), account, (id) => told.has(id)))
    }),
    { numRuns: 30, seed },
  )
  console.log(JSON.stringify(met.all))
  expect(met.all.charge).toBeGreaterThan(0)
})
