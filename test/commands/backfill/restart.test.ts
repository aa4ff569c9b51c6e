// What `backfill --restart` stands for once it was stopped: the run that it began goes on without the option.

import { beforeEach, describe, expect, test } from 'vitest'
import { startBackfill } from '../../support/backfill-command.ts'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const { db, uri } = await openTestDatabase()

beforeEach(async () => {
  for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({})
})

const away = { kind: 'server_error', shouldRetry: false } as const

/** A mirrored account of which so many products are gone since, more than can be believed. */
const mirroredAccount = async ({ gone }: { readonly gone: number }) => {
  const { server, world } = await playStripe()
  world.clock.advance(-3_600)
  const account = world.account('acct_1')
  populate(account, { customers: 250, secondsApart: 2_000, products: 30 })
  world.clock.run()
  const place = { uri, url: server.url }
  const command = ['--account', 'acct_1', '--resource', 'customers,products']
  await fillMirror(command, place)
  // What is read from here on has a later stamp.
  world.clock.advance(2)
  for (const id of account.ids('product').slice(0, gone)) account.delete('product', id)
  return { server, place, command }
}

const tombstones = () => db.collection('billing.products').countDocuments({ deleted: true })

const rows = db.collection('billing.cursors')

describe('a restart', () => {
  test('that was interrupted still insists when it goes on', async () => {
    const { server, place, command } = await mirroredAccount({ gone: 25 })
    expect((await backfillHere(command, place)).summary.errors.acct_1?.code).toBe('too_much_gone')
    const held = server.hold({ path: '/v1/customers' }, { times: 1, after: 1 })
    const { child } = await startBackfill([...command, '--restart'], place)
    await held.arrived()
    const walked = { resource: 'products', completed_at: { $ne: null } }
    await expect.poll(() => rows.countDocuments(walked), { timeout: 20_000 }).toBe(1)
    child.kill('SIGINT')
    held.releaseAll()
    const { stdout } = await child
    expect(stdout.replaceAll('\n', ' ')).toContain('run the same command without --restart: it goes on')
    expect(await tombstones()).toBe(0)
    server.requests.clear()
    await fillMirror(command, place)
    expect([await tombstones(), server.requests.count({ path: '/v1/products' })]).toEqual([25, 0])
  })

  test('that met trouble that passes insists in the next run', async () => {
    const { server, place, command } = await mirroredAccount({ gone: 30 })
    server.faults.add({ path: '/v1/customers' }, away)
    const { summary } = await backfillHere([...command, '--restart'], place)
    expect([summary.errors.acct_1?.code, await tombstones()]).toEqual(['stripe_unavailable', 0])
    await fillMirror(command, place)
    expect(await tombstones()).toBe(30)
  })

  test('of an account that it may not read is to be given again', async () => {
    const { server } = await playStripe()
    const config = { 'c.json': '{"unknown_accounts":"park"}' }
    const args = ['--account', 'acct_1', '--restart', '--config', 'c.json']
    const { child } = await startBackfill(args, { uri, url: server.url, files: config })
    expect((await child).stdout).toContain('Mend what is named above, then run the same command again.')
  })

  test('forgets the positions of accounts that it does not come to', async () => {
    const { server, world } = await playStripe()
    const accounts = Array.from({ length: 20 }, (_, index) => `acct_${index}`)
    for (const id of accounts) populate(world.account(id), { products: 1 })
    world.clock.run()
    const place = { uri, url: server.url }
    const command = ['--account', accounts.join(), '--resource', 'products']
    await fillMirror(command, place)
    // As of a run that was stopped after its first page of each list, long ago.
    const windows = [{ from: null, to: 5, last: null, isHead: false }]
    await rows.updateMany({ resource: 'products' }, { $set: { windows, completed_at: null } })
    server.faults.add({ path: '/v1/products' }, away, { times: Number.POSITIVE_INFINITY })
    const { summary } = await backfillHere([...command, '--restart'], place)
    expect(Object.values(summary.errors).map(({ code }) => code)).toContain('account_incomplete')
    server.faults.clear()
    server.requests.clear()
    const { summary: again } = await backfillHere(command, place)
    expect(accounts.map((id) => again.accounts[id]?.products?.read)).toEqual(accounts.map(() => 1))
  })
})

test('what a list no longer shows and nobody insisted on is told by the run that goes on', async () => {
  const { server, place, command } = await mirroredAccount({ gone: 25 })
  server.faults.add({ path: '/v1/customers' }, away)
  expect((await backfillHere(command, place)).summary.errors.acct_1?.code).toBe('stripe_unavailable')
  server.requests.clear()
  const { hasFailures, summary } = await backfillHere(command, place)
  expect([hasFailures, summary.errors.acct_1?.code]).toEqual([true, 'too_much_gone'])
  expect([await tombstones(), server.requests.count({ path: '/v1/products' })]).toEqual([0, 0])
})
