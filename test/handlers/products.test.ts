import { describe, expect, test } from 'vitest'
import { stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const told = (verb: string, at: number, fields: Record<string, unknown> = {}) =>
  stripeEvent({
    type: `product.${verb}`,
    at,
    object: { id: 'prod_1', object: 'product', name: 'Tea', active: true, ...fields },
  })
const stub = stripeEvent({
  type: 'product.deleted',
  at: 9,
  object: { id: 'prod_1', object: 'product', deleted: true },
})

describe('a product', () => {
  test('may bear an id that the merchant chose', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('product.created.own-id')
    expect(await deliveries.deliver(event)).toEqual(['applied'])
    const { id } = event.data.object
    expect(id).not.toMatch(/^prod_/)
    expect(deliveries.only('billing.products')).toMatchObject({
      _id: `${event.account}:${id}`,
      stripe_id: id,
    })
  })

  test('that is archived is not deleted', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliverEach(told('created', 1), told('updated', 5, { active: false }))
    const document = deliveries.only('billing.products')
    expect(document).toMatchObject({ active: false })
    expect(document).not.toHaveProperty('deleted')
  })

  test('that is deleted keeps its content, in any order and shape', async () => {
    for (const deletion of [stub, told('deleted', 9, { name: 'Tea' })]) {
      for (const order of ordersOf([told('created', 1, { name: 'Te' }), told('updated', 5), deletion])) {
        const deliveries = new EventDeliveries()
        await deliveries.deliverEach(...order)
        expect(deliveries.only('billing.products')).toMatchObject({
          name: 'Tea',
          deleted: true,
          deleted_at: new Date(9_000),
        })
      }
    }
  })

  test('is a tombstone when only its deletion was seen', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(stub)).toEqual(['applied'])
    const { sync: _sync, ...document } = deliveries.only('billing.products')
    expect(document).toEqual({
      _id: 'acct_1:prod_1',
      stripe_id: 'prod_1',
      stripe_user_id: 'acct_1',
      livemode: false,
      deleted: true,
      deleted_at: new Date(9_000),
    })
  })

  test('is read from the stub of the fixtures', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(loadEvent('product.deleted.stub'))
    expect(deliveries.only('billing.products')).toMatchObject({ deleted: true })
  })

  test('created again under its own id lives again', async () => {
    for (const order of ordersOf([told('created', 1), stub, told('created', 20, { name: 'New tea' })])) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      const document = deliveries.only('billing.products')
      expect(document).toMatchObject({ name: 'New tea' })
      expect(document).not.toHaveProperty('deleted')
    }
  })
})
