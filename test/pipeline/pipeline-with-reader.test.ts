import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../support/memory-store.ts'
import { paidLife } from '../support/object-reading.ts'
import { deliveryOptions, handleEvents, readerOf } from '../support/reading-pipeline.ts'

describe('the pipeline with a reader', () => {
  test('asks once for each object of a batch', async () => {
    const life = await paidLife()
    life.account.update('customer', life.customer, { name: 'Ann' })
    life.account.update('customer', life.customer, { name: 'Anna' })
    const events = life.account.events.filter(
      ({ type }) => type.startsWith('customer.') && !type.includes('subscription'),
    )
    life.world.clock.run()
    life.server.requests.clear()
    await handleEvents(events, deliveryOptions(new MemoryStore([]), readerOf(life.server)))
    expect(life.server.requests.count({ path: /customers/ })).toBe(1)
  })

  test('leaves the row of a waiting event as it is and handles the others', async () => {
    const life = await paidLife()
    life.server.faults.add({ path: /charges/ }, { kind: 'server_error' }, { times: 100 })
    life.world.clock.run()
    const options = deliveryOptions(new MemoryStore([]), readerOf(life.server, { patienceMs: 0 }))
    const outcomes = await handleEvents(life.account.events, options)
    const byType = new Map(life.account.events.map(({ type }, index) => [type, outcomes[index]]))
    expect(byType.get('charge.succeeded')).toMatchObject({ outcome: 'failed', waits: true })
    expect(byType.get('customer.created')).toMatchObject({ outcome: 'applied' })
  })

  test('applies the payload and notes the account that left', async () => {
    const life = await paidLife()
    const store = new MemoryStore([])
    life.world.disconnect('acct_1')
    const events = life.account.events.filter(({ type }) => type === 'charge.succeeded')
    await handleEvents(events, deliveryOptions(store, readerOf(life.server)))
    expect(store.dump()['billing.charges']).toMatchObject([{ stripe_id: life.charge }])
    expect(store.dump()['billing.accounts']).toMatchObject([{ connection: { state: 'disconnected' } }])
  })
})
