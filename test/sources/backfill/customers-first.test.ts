import { expect, test, vi } from 'vitest'
import { resourceNames } from '../../../src/sources/backfill/resources.ts'
import type { WalkedPage } from '../../../src/sources/backfill/walk.ts'
import { walkAccount } from '../../../src/sources/backfill/walk-account.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { accountWalk, beginningOf } from '../../support/walking.ts'

test('where customers come first, invoices and what is tied to them follow the last page of them', async () => {
  const { world, server } = await playStripe()
  world.clock.advance(-3_600)
  const counts = { customers: 130, subscriptions: 10, paidInvoices: 110, charges: 5 }
  populate(world.account('acct_1'), { ...counts, secondsApart: 0 })
  const held = server.hold({ path: '/v1/customers' })
  const lists: string[] = []
  const takePage = async ({ list, giveBack }: WalkedPage): Promise<void> => {
    lists.push(list)
    giveBack()
  }
  const walk = accountWalk(server, { positions: beginningOf(resourceNames), takePage })
  const walking = walkAccount({ ...walk, customersFirst: true })
  await vi.waitFor(() => expect(lists).toContain('subscriptions'))
  held.release()
  expect(await walking).toMatchObject({ failure: null })
  const tied = ['invoices', 'charges', 'invoice_payments']
  expect(lists.lastIndexOf('customers')).toBeLessThan(lists.findIndex((list) => tied.includes(list)))
})
