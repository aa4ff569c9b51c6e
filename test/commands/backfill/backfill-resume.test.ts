import { beforeEach, describe, expect, test } from 'vitest'
import { createdBefore, createdFrom, cursorOf, isGuessed, isOfHead } from '../../support/asked-part.ts'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { mirroredState, servedState } from '../../support/served-state.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const { db, uri } = await openTestDatabase()

beforeEach(async () => {
  for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({})
})

const command = ['--account', 'acct_1', '--resource', 'customers']

/** A played Stripe with accounts of so many customers each, over some weeks. */
const grownAccounts = async (ids: readonly string[] = ['acct_1'], customers = 800) => {
  const played = await playStripe()
  const accounts = ids.map((id) => played.world.account(id))
  for (const account of accounts) populate(account, { customers, secondsApart: 2_000 })
  played.world.clock.run()
  return { ...played, accounts, place: { uri, url: played.server.url } }
}

type Grown = Awaited<ReturnType<typeof grownAccounts>>

describe('a backfill that was killed', () => {
  test('goes on with the same command and reads nothing again that it had stored', async () => {
    const grown = await grownAccounts()
    const { server, accounts, place } = grown
    const slow = server.hold({ path: '/v1/customers' }, { times: 1, after: 5 })
    const running = await endAfterHeld(grown, slow, { stored: 300 })
    expect(running.signal).toBe('SIGKILL')
    // How many pages were on their way the moment tells; what is under way to its commit may still be stored.
    const stored = await db.collection('billing.customers').countDocuments()
    const { exitCode, summary } = await runBackfill(command, place)
    expect(exitCode).toBe(0)
    expect(summary.accounts.acct_1?.customers).toMatchObject({ complete: true })
    expect(summary.accounts.acct_1?.customers?.read).toBeLessThanOrEqual(800 - stored)
    expect(await mirroredState(db)).toEqual(servedState(accounts))
  })

  test('goes on where nothing but the head of its list was left', async () => {
    const grown = await grownAccounts()
    const { server, accounts, place } = grown
    const head = server.hold({ path: '/v1/customers', where: ({ params }) => isOfHead(params) }, { times: 1 })
    await endAfterHeld(grown, head, { stored: 800 })
    const { hasFailures, summary } = await backfillHere(command, place)
    expect([hasFailures, summary.errors]).toEqual([false, {}])
    expect(summary.accounts.acct_1?.customers).toMatchObject({ read: 0, complete: true })
    expect(await mirroredState(db)).toEqual(servedState(accounts))
  })

  test('before it had read anything has seen nothing that a wrong key could hide', async () => {
    const grown = await grownAccounts()
    const { server, accounts, place } = grown
    await fillMirror(command, place)
    await endAfterHeld(grown, server.hold({ path: '/v1/customers' }, { times: 1 }))
    for (const id of accounts[0]?.ids('customer') ?? [])
      accounts[0]?.state.drop(accounts[0].stored('customer', id))
    const { summary } = await backfillHere(command, place)
    expect(summary.errors.acct_1?.code).toBe('list_empty')
  })

  test('knows that there was more than it had read', async () => {
    const { server, world } = await playStripe()
    const account = world.account('acct_1')
    const now = world.clock.now()
    const dayAgo = now - 86_400
    for (let index = 0; index < 500; index += 1) account.seed('customer', { created: now - index })
    const old = Array.from({ length: 300 }, (_, index) =>
      account.seed('customer', { created: dayAgo - 400 * 86_400 - index }),
    )
    world.clock.run()
    // Wherever cuts are made, which hangs on how long answers take: the first page of the old ones is read, and no more.
    const isFurther = (params: unknown): boolean => {
      const after = cursorOf(params)
      return after === undefined ? createdBefore(params) < dayAgo : old.includes(after)
    }
    const further = server.hold(
      { path: '/v1/customers', where: ({ params }) => isFurther(params) },
      { times: Number.POSITIVE_INFINITY },
    )
    const place = { uri, url: server.url }
    await endAfterHeld({ place }, further, { stored: 600 })
    server.faults.clear()
    for (const id of account.ids('customer')) account.state.drop(account.stored('customer', id))
    const { summary } = await backfillHere(command, place)
    expect(summary.errors.acct_1?.code).toBe('list_empty')
  })

  test('takes a window that a cut had guessed at for no list without objects', async () => {
    const { server, world } = await playStripe()
    const account = world.account('acct_1')
    const now = world.clock.now()
    for (let index = 0; index < 800; index += 1)
      account.seed('customer', { created: index < 200 ? now - index : now - 400 * 86_400 - index })
    world.clock.run()
    server.latencyMs = 150
    const guessed = server.hold(
      { path: '/v1/customers', where: ({ params }) => isGuessed(params) },
      { times: 1 },
    )
    const place = { uri, url: server.url }
    await endAfterHeld({ place }, guessed, { stored: 800 })
    server.latencyMs = 0
    const { hasFailures, summary } = await backfillHere(command, place)
    expect([hasFailures, summary.errors]).toEqual([false, {}])
    expect(summary.accounts.acct_1?.customers).toMatchObject({ read: 0, complete: true })
  })

  test('marks as deleted what the lists did not show that it had walked whole', async () => {
    const { server, accounts, place, world } = await grownAccounts(['acct_1'], 250)
    const [account] = accounts
    populate(account as NonNullable<typeof account>, { products: 5 })
    const both = ['--account', 'acct_1', '--resource', 'customers,products']
    await fillMirror(both, place)
    world.clock.advance(2)
    const [gone = ''] = account?.ids('product') ?? []
    account?.delete('product', gone)
    const held = server.hold({ path: '/v1/customers' }, { times: 1, after: 1 })
    const { child } = await startBackfill([...both, '--json'], place)
    await held.arrived()
    const complete = { resource: 'products', completed_at: { $ne: null } }
    await expect
      .poll(() => db.collection('billing.cursors').countDocuments(complete), { timeout: 20_000 })
      .toBe(1)
    child.kill('SIGTERM')
    held.releaseAll()
    const { stdout } = await child
    expect(JSON.parse(String(stdout)).errors).toMatchObject({ acct_1: { code: 'account_incomplete' } })
    server.requests.clear()
    await fillMirror(both, place)
    expect(server.requests.count({ path: '/v1/products' })).toBe(0)
    expect(await db.collection('billing.products').distinct('stripe_id', { deleted: true })).toEqual([gone])
    expect((await backfillHere([...both, '--verify'], place)).summary.drift).toEqual([])
  })

  test('does not forget what it could not store', async () => {
    const { server, accounts, place } = await grownAccounts(['acct_1'], 250)
    const deep = JSON.parse(`${'['.repeat(120)}${']'.repeat(120)}`)
    accounts[0]?.seed('customer', { deep })
    const held = server.hold({ path: '/v1/customers' }, { times: 1, after: 1 })
    await endAfterHeld({ place }, held, { stored: 99 })
    const { hasFailures, summary } = await backfillHere(command, place)
    const { failed } = summary.accounts.acct_1?.customers ?? {}
    expect([hasFailures, failed, summary.errors]).toEqual([true, 1, {}])
  })

  test('posts all messages where the command that goes on asks for them first', async () => {
    const { server, accounts, place } = await grownAccounts(['acct_1'], 1)
    const [account] = accounts
    populate(account as NonNullable<typeof account>, { customers: 1, paidInvoices: 210 })
    const invoices = ['--account', 'acct_1', '--resource', 'invoices']
    const held = server.hold({ path: '/v1/invoices' }, { times: 1, after: 1 })
    const { child } = await startBackfill(invoices, place)
    await held.arrived()
    const count = () => db.collection('billing.invoices').countDocuments()
    await expect.poll(count, { timeout: 20_000 }).toBeGreaterThanOrEqual(100)
    child.kill('SIGTERM')
    held.releaseAll()
    await child
    await runBackfill([...invoices, '--effects', 'missing'], place)
    expect(await db.collection('support.messages').countDocuments()).toBe(210)
  })

  test('leaves accounts alone that it had completed', async () => {
    const grown = await grownAccounts(['acct_1', 'acct_2'])
    const { server, place, accounts } = grown
    const both = ['--account', 'acct_1,acct_2', '--resource', 'customers']
    const held = server.hold({ path: '/v1/customers', account: 'acct_2' }, { times: 1, after: 1 })
    const { child } = await startBackfill(both, place)
    await held.arrived()
    const complete = { _id: /^acct_1:customers/, completed_at: { $ne: null } } as object
    await expect
      .poll(() => db.collection('billing.cursors').countDocuments(complete), { timeout: 20_000 })
      .toBe(1)
    child.kill('SIGKILL')
    await child
    held.releaseAll()
    server.requests.clear()
    const { exitCode, summary } = await runBackfill(both, place)
    expect([exitCode, server.requests.count({ account: 'acct_1' })]).toEqual([0, 0])
    expect(summary.accounts.acct_1?.customers).toMatchObject({ read: 0, complete: true })
    expect(await mirroredState(db)).toEqual(servedState(accounts))
  })

  test('goes on with an account that met trouble that passes, and reads the others anew', async () => {
    const { server, accounts, place } = await grownAccounts(['acct_1', 'acct_2'], 120)
    const both = ['--account', 'acct_1,acct_2', '--resource', 'customers', '--since', '2000h']
    const away = { kind: 'server_error', shouldRetry: false } as const
    server.faults.add({ path: '/v1/customers', account: 'acct_2' }, away)
    const first = await backfillHere(both, place)
    expect(first.summary.errors.acct_2?.code).toBe('stripe_unavailable')
    expect(first.summary.accounts.acct_1?.customers).toMatchObject({ complete: true })
    const [asked] = server.requests.matching({ path: '/v1/customers', account: 'acct_2' })
    server.requests.clear()
    await fillMirror(both, place)
    expect(server.requests.count({ account: 'acct_1' })).toBeGreaterThan(0)
    const again = server.requests.matching({ account: 'acct_2' }).map(({ params }) => createdFrom(params))
    expect(Math.min(...again)).toBe(createdFrom(asked?.params))
    expect(await mirroredState(db)).toEqual(servedState(accounts))
  })

  test('finds what was made since, and not the instant of a new command', async () => {
    const grown = await grownAccounts()
    const { server, accounts, place } = grown
    const ranged = [...command, '--since', '400h']
    const slow = server.hold({ path: '/v1/customers' }, { times: 1, after: 2 })
    await endAfterHeld(grown, slow, { args: ranged })
    const [first] = server.requests.matching({ path: '/v1/customers' })
    accounts[0]?.seed('customer', { id: 'cus_new' })
    server.requests.clear()
    expect(await runBackfill(ranged, place)).toMatchObject({ exitCode: 0 })
    const lowest = server.requests.all.map(({ params }) => createdFrom(params))
    expect(Math.min(...lowest)).toBe(createdFrom(first?.params))
    expect(await db.collection('billing.customers').countDocuments({ stripe_id: 'cus_new' })).toBe(1)
  })
})

describe('a backfill that is asked to stop', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s ends with %i, its summary, and all that was done', async (signal, code) => {
    const grown = await grownAccounts()
    const { server, place } = grown
    const held = server.hold({ path: '/v1/customers' }, { times: 1, after: 5 })
    const { child } = await startBackfill([...command, '--json'], place)
    await held.arrived()
    child.kill(signal)
    held.releaseAll()
    const { exitCode, stdout } = await child
    expect(exitCode).toBe(code)
    const { accounts, errors } = JSON.parse(String(stdout))
    expect(errors).toMatchObject({ acct_1: { code: 'account_incomplete' } })
    expect(accounts.acct_1.customers).toMatchObject({ complete: false })
    expect(await db.collection('billing.customers').countDocuments()).toBe(accounts.acct_1.customers.read)
  })
})

test('a backfill that is asked to stop does not stay for an answer that never comes', async () => {
  const { server, place } = await grownAccounts()
  const held = server.hold({ path: '/v1/customers' }, { times: 1, after: 5 })
  const { child } = await startBackfill(command, place)
  await held.arrived()
  const asked = performance.now()
  child.kill('SIGTERM')
  expect((await child).exitCode).toBe(143)
  // A request itself is given 20 s.
  expect(performance.now() - asked).toBeLessThan(12_000)
  held.releaseAll()
})

describe('two backfills of one account', () => {
  test('do not fight: the second names the first and stops', async () => {
    const grown = await grownAccounts()
    const held = grown.server.hold({ path: '/v1/customers' }, { times: 1, after: 1 })
    const { child: first } = await startBackfill([...command, '--json'], grown.place)
    await held.arrived()
    const second = await runBackfill(command, grown.place)
    expect(second.exitCode).toBe(1)
    expect(second.summary.errors.acct_1).toMatchObject({ code: 'backfill_running' })
    expect(second.summary.errors.acct_1?.message).toContain(`process ${first.pid}`)
    held.releaseAll()
    expect((await first).exitCode).toBe(0)
  })

  test('change places with --restart: the first stops', async () => {
    const grown = await grownAccounts()
    const held = grown.server.hold({ path: '/v1/customers' }, { times: 1, after: 1 })
    const { child: first } = await startBackfill([...command, '--json'], grown.place)
    await held.arrived()
    const second = await runBackfill([...command, '--restart'], grown.place)
    expect(second).toMatchObject({ exitCode: 0 })
    held.releaseAll()
    const { exitCode, stdout } = await first
    expect(exitCode).toBe(1)
    expect(JSON.parse(String(stdout)).errors).toMatchObject({ acct_1: { code: 'backfill_superseded' } })
    expect(await mirroredState(db)).toEqual(servedState(grown.accounts))
  })
})

/** Kills the command while an answer is held back, once so many customers are stored. */
const endAfterHeld = async (
  { place }: Pick<Grown, 'place'>,
  held: { arrived: () => Promise<void>; releaseAll: () => void },
  { args = command, stored = 0 }: { readonly args?: readonly string[]; readonly stored?: number } = {},
) => {
  const { child } = await startBackfill(args, place)
  await held.arrived()
  const count = () => db.collection('billing.customers').countDocuments()
  await expect.poll(count, { timeout: 20_000 }).toBeGreaterThanOrEqual(stored)
  child.kill('SIGKILL')
  const ended = await child
  held.releaseAll()
  return ended
}
