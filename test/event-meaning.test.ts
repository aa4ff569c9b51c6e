import { describe, expect, test } from 'vitest'
import { handleDeliveries } from '../src/handle-deliveries.ts'
import { MemoryStore } from './support/memory-store.ts'
import { deliveryOf, deliveryOptions, readerOf, thinDeliveryOf } from './support/reading-pipeline.ts'
import { playStripe } from './support/stripe/played-stripe.ts'

/** A product that was made and deleted a minute ago, of which Stripe shows nothing any more. */
const deletedProduct = async () => {
  const { server, world } = await playStripe()
  world.clock.set(Math.floor(Date.now() / 1000) - 60)
  const account = world.account('acct_1')
  const made = account.create('product', { name: 'Plan' })
  world.clock.advance(1)
  const deletedAt = world.clock.now()
  const deleted = account.delete('product', made.id)
  world.clock.run()
  const [creation] = made.events.map((event) => deliveryOf(event))
  const [deletion] = deleted.events.map(thinDeliveryOf)
  if (creation === undefined || deletion === undefined) throw new TypeError('a product came without events')
  return { server, creation, deletion, deletedAt }
}

describe('a thin event of a deletion', () => {
  test('makes a tombstone where Stripe answers 404, in either order', async () => {
    const { server, creation, deletion, deletedAt } = await deletedProduct()
    for (const order of [
      [creation, deletion],
      [deletion, creation],
    ]) {
      const store = new MemoryStore([])
      for (const delivery of order)
        await handleDeliveries([delivery], deliveryOptions(store, readerOf(server)))
      expect(store.dump()['billing.products']).toMatchObject([
        { name: 'Plan', deleted: true, deleted_at: new Date(deletedAt * 1_000) },
      ])
    }
  })

  test('is ignored while there is no key to ask with', async () => {
    const { creation, deletion } = await deletedProduct()
    const store = new MemoryStore([])
    const { outcomes } = await handleDeliveries([creation, deletion], deliveryOptions(store, null))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'ignored'])
    expect(store.dump()['billing.products']?.[0]).not.toHaveProperty('deleted')
  })
})
