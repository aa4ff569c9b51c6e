import { expect, test } from 'vitest'
import { playStripe } from './played-stripe.ts'

const meant = { path: /^\/v1\/customers\// }

test('held answers arrive in the order of their release', async () => {
  const { server, stripe, world } = await playStripe()
  const ids = ['cus_a', 'cus_b', 'cus_c']
  for (const id of ids) world.platform().seed('customer', { id })
  const held = server.hold(meant, { times: 3 })
  const arrived: string[] = []
  const reads: Promise<unknown>[] = []
  for (const id of ids) {
    reads.push(stripe.customers.retrieve(id).then((customer) => arrived.push(customer.id)))
    await held.arrived(reads.length)
  }
  for (const index of [2, 0, 1]) {
    held.release(index)
    await reads[index]
  }
  expect(arrived).toEqual(['cus_c', 'cus_a', 'cus_b'])
})

test('a held answer shows the state at its arrival', async () => {
  const { server, stripe, world } = await playStripe()
  const id = world.platform().seed('customer', { name: 'before' })
  const held = server.hold(meant)
  const read = stripe.customers.retrieve(id)
  await held.arrived()
  world.platform().update('customer', id, { name: 'after' })
  held.release()
  expect(await read).toMatchObject({ name: 'before' })
  expect(await stripe.customers.retrieve(id)).toMatchObject({ name: 'after' })
})

test('a held request may read the state at its release', async () => {
  const { server, stripe, world } = await playStripe()
  const id = world.platform().seed('customer', { name: 'before' })
  const held = server.hold(meant, { readsAt: 'release' })
  const read = stripe.customers.retrieve(id)
  await held.arrived()
  world.platform().update('customer', id, { name: 'after' })
  held.releaseAll()
  expect(await read).toMatchObject({ name: 'after' })
})

test('an answer released in advance is not held', async () => {
  const { server, stripe, world } = await playStripe()
  const id = world.platform().seed('customer')
  server.hold(meant).release()
  expect((await stripe.customers.retrieve(id)).id).toBe(id)
})
