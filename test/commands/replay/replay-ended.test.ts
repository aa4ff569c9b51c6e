import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startProgram } from '../../support/billing-sync.ts'
import { fixtureAccount, numberedEvent } from '../../support/deliveries.ts'
import { startFaultServer } from '../../support/fault-server.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const server = await startFaultServer()
const { db, uri } = server

afterEach(async () => {
  for (const name of ['billing.events', 'billing.charges']) await db.collection(name).deleteMany({})
})

/** A program that starts beside many others takes its time. */
const patience = { timeout: 25_000, interval: 20 }

const charges = () => db.collection('billing.charges').countDocuments()
const lines = (from: number, to: number) =>
  Array.from(
    { length: to - from + 1 },
    (_, index) => `${JSON.stringify(numberedEvent(from + index))}\n`,
  ).join('')
const replay = (...args: readonly string[]) =>
  startProgram(['replay', '--json', '--mongodb-uri', uri, ...args], { stdin: 'pipe' })

describe('a replay that a signal ends', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s keeps what was done and ends with %i', async (signal, code) => {
    const run = replay('-')
    run.stdin?.write(lines(1, 1_000))
    // A batch is full before the input has ended; the rest follows it, unless the signal comes first.
    await vi.waitFor(async () => expect(await charges()).toBeGreaterThan(0), patience)
    run.kill(signal)
    const { exitCode, stdout, stderr } = await run
    expect(exitCode).toBe(code)
    expect(stderr).toContain('Ending: what is begun is finished first')
    const summary = JSON.parse(String(stdout))
    expect(summary).toMatchObject({ failed: 0, failures: [] })
    expect(summary.applied).toBe(await charges())
    expect(summary.read).toBe(await db.collection('billing.events').countDocuments({ status: 'done' }))
    const again = replay('-')
    again.stdin?.end(lines(1, 1_000))
    const rest = JSON.parse(String((await again).stdout))
    expect(rest).toMatchObject({ read: 1_000, applied: 1_000 - summary.applied })
  })
})

describe('a replay out of lists of Stripe that a signal ends', () => {
  test('counts nothing whose object had not had its turn to be read', async () => {
    const { server, world } = await playStripe()
    world.clock.advance(-3_600)
    const account = world.account('acct_1')
    for (let customer = 0; customer < 100; customer += 1) account.create('customer', {})
    world.clock.run()
    const env = {
      ...{ STRIPE_SECRET_KEY: PLATFORM_KEYS.test, STRIPE_API_BASE: server.url },
      STRIPE_ACCOUNT_ID: PLATFORM_ID,
    }
    const args = ['replay', '--from-stripe', '--account', 'acct_1', '--json', '--mongodb-uri', uri]
    const run = startProgram(args, { env })
    // The key's budget lets some of them through in each second.
    await server.requests.waitFor({ path: /customers\/./ }, 30)
    run.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await run
    expect(exitCode).toBe(143)
    const summary = JSON.parse(String(stdout))
    expect(summary).toMatchObject({ failed: 0, failures: [], read: summary.applied })
    expect(String(stderr)).not.toContain('event failed')
    const rows = await db.collection('billing.events').find().toArray()
    const done = rows.filter(({ status }) => status === 'done')
    expect(done).toHaveLength(summary.applied)
    expect(done.length).toBeGreaterThan(0)
    expect(rows.length).toBeGreaterThan(done.length)
    expect(new Set(rows.map(({ status, attempts }) => `${status} ${attempts}`))).toEqual(
      new Set(['done 0', 'pending 0']),
    )
    expect(JSON.parse(String((await startProgram(args, { env })).stdout))).toMatchObject({
      ...{ read: 100, applied: 100 - summary.applied, failures: [] },
    })
  })
})

describe('a replay of a pipe that stays open', () => {
  test('applies what has come whenever no more comes for a moment', async () => {
    const run = replay('-')
    for (const number of [1, 2, 3]) {
      run.stdin?.write(lines(number, number))
      await vi.waitFor(async () => expect(await charges()).toBe(number), patience)
    }
    run.stdin?.end(JSON.stringify(numberedEvent(4)))
    const { exitCode, stdout } = await run
    expect(exitCode).toBe(0)
    expect(JSON.parse(String(stdout))).toMatchObject({ read: 4, applied: 4, failures: [] })
  })
})

describe('a replay that waits at a named pipe', () => {
  test.each([
    ['nobody writes to', false],
    ['whose writer is silent', true],
  ])('%s ends at the first signal', async (_, isHeld) => {
    const folder = await temporaryFolder({ 'a.jsonl': lines(1, 1_000) })
    const pipe = join(folder, 'pipe')
    await execa('mkfifo', [pipe])
    const writer = isHeld ? await open(pipe, 'r+') : null
    const run = replay(join(folder, 'a.jsonl'), pipe)
    // By then the file was read.
    await vi.waitFor(async () => expect(await charges()).toBeGreaterThan(0), patience)
    run.kill('SIGTERM')
    const { exitCode, stdout } = await run
    await writer?.close()
    expect(exitCode).toBe(143)
    expect(JSON.parse(String(stdout))).toMatchObject({ failed: 0, failures: [] })
  })
})

test.each([
  ['replay', ['replay', '-']],
  ['backfill', ['backfill', '--account', 'acct_1']],
])('%s ends at the first signal while MongoDB does not answer', async (_, args) => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo // of a TCP server
  const nowhere = `mongodb://127.0.0.1:${port}/?serverSelectionTimeoutMS=600000`
  const env = { STRIPE_SECRET_KEY: 'sk_test_12345678' }
  const run = startProgram([...args, '--json', '--mongodb-uri', nowhere], { env })
  await once(silent, 'connection')
  const signalled = performance.now()
  run.kill('SIGTERM')
  const { exitCode, stdout } = await run
  silent.close()
  expect(exitCode).toBe(143)
  expect(performance.now() - signalled).toBeLessThan(longBlockMs)
  expect(JSON.parse(String(stdout))).toHaveProperty('duration_ms')
})

describe('a replay whose MongoDB is away for a while', () => {
  test.each<[string, readonly string[]]>([
    ['look for accounts and events', ['find', 'aggregate', 'findAndModify']],
    ['write', ['update', 'insert', 'commitTransaction']],
  ])('loses nothing where it could not %s', async (_, commands) => {
    const folder = await temporaryFolder({ 'a.jsonl': lines(1, 30) })
    const run = replay(join(folder, 'a.jsonl'), '--log-level', 'silent', '--rate', '10')
    await vi.waitFor(async () => expect(await charges()).toBeGreaterThan(0), patience)
    await server.fail(commands, { closeConnection: true }, 12)
    const { exitCode, stdout } = await run
    expect(JSON.parse(String(stdout))).toMatchObject({ read: 30, applied: 30, failures: [] })
    expect(exitCode).toBe(0)
    expect(await charges()).toBe(30)
    const rows = await db.collection('billing.events').find().toArray()
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual(
      Array.from({ length: 30 }, () => ['done', 0]),
    )
  })
})

test('a replay goes on soon where a killed process has left a transaction on its account', async () => {
  const admin = server.client.db('admin')
  // Longer than any test: it is not the server that ends it.
  await admin.command({ setParameter: 1, transactionLifetimeLimitSeconds: 600 })
  const folder = await temporaryFolder({ 'a.jsonl': lines(1, 1), 'b.jsonl': lines(2, 2) })
  await replay(join(folder, 'a.jsonl'))
  const leave = fileURLToPath(new URL('../../store/leave-transaction.mjs', import.meta.url))
  const left = [uri, fixtureAccount, 'billing-sync', 'billing.accounts']
  await execa(process.execPath, [leave, ...left], { reject: false })
  const { stdout } = await replay(join(folder, 'b.jsonl'))
  expect(JSON.parse(String(stdout))).toMatchObject({ applied: 1, failures: [] })
  await admin.command({ setParameter: 1, transactionLifetimeLimitSeconds: 8 })
})

// Its commit may still take place when the test is over, so it is the last.
test('a second signal ends a replay at once', async () => {
  const folder = await temporaryFolder({ 'a.jsonl': lines(1, 3) })
  await server.fail(['commitTransaction'], { blockConnection: true, blockTimeMS: longBlockMs })
  const run = replay(join(folder, 'a.jsonl'))
  await vi.waitFor(async () => expect(await openTransactions()).toBeGreaterThan(0), patience)
  const signalled = performance.now()
  // Signals that come before the program has seen the first are one to it.
  await vi.waitFor(() => {
    run.kill('SIGTERM')
    expect(run.exitCode).not.toBeNull()
  }, patience)
  expect(performance.now() - signalled).toBeLessThan(longBlockMs)
  expect((await run).exitCode).toBe(143)
})

/** Longer than it takes a program on a busy machine to end. */
const longBlockMs = 10_000

const openTransactions = async (): Promise<number> => {
  const status = await server.client.db('admin').command({ serverStatus: 1, transactions: 1 })
  return Number(status.transactions.currentOpen)
}
