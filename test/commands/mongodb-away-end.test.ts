// A signal ends `backfill` and `replay` soon although MongoDB is away, with what was done so far told.

import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startBackfill } from '../support/backfill-command.ts'
import { startProgram } from '../support/billing-sync.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'

const mongod = await prepareMongodServer()
/** Each try to find the server ends in less than a tenth of the time that it has by default. */
const uri = `${mongod.uri}${mongod.uri.includes('?') ? '&' : '?'}serverSelectionTimeoutMS=900`

interface Ended {
  readonly exitCode?: number | undefined
  readonly stdout?: unknown
}

type Run = PromiseLike<Ended> & { readonly pid?: number | undefined; readonly stderr: Readable | null }

/** Far less than the minute that trouble is waited out; longer than a busy machine takes to end a program. */
const soonMs = 10_000

/** Sends the signal, and resolves with how the run ended, and what it had printed. */
const end = async (run: Run) => {
  const signalled = performance.now()
  // By execa it would be killed five seconds later.
  if (run.pid !== undefined) process.kill(run.pid, 'SIGTERM')
  const { exitCode, stdout } = await run
  expect(performance.now() - signalled).toBeLessThan(soonMs)
  expect(exitCode).toBe(143)
  return JSON.parse(String(stdout))
}

/** Resolves once the log says so. */
const untilLogged = async ({ stderr }: Run, text: string): Promise<void> => {
  for (let log = ''; !log.includes(text); ) log += String((await once(stderr ?? process.stderr, 'data'))[0])
}

/** Starts a backfill, and answers what lets Stripe answer its first page. */
const startHeldBackfill = async () => {
  const { server, world } = await playStripe()
  world.account('acct_1').create('customer', { name: 'Ann' })
  const page = server.hold({ path: '/v1/customers' })
  const asked = new Promise<void>((resolve) => {
    server.onRequest(({ path }) => {
      if (path === '/v1/customers') resolve()
    })
  })
  const args = ['--account', 'acct_1', '--resource', 'customers', '--json']
  const { child } = await startBackfill(args, { uri, url: server.url })
  await asked
  return { child, page }
}

const lines = (from: number, to: number): string =>
  Array.from(
    { length: to - from + 1 },
    (_, index) => `${JSON.stringify(numberedEvent(from + index))}\n`,
  ).join('')

/** Starts a replay whose input goes on, and that knows what came of all it has read. */
const startReplay = async (args: readonly string[] = []) => {
  const run = startProgram(['replay', '-', '--json', '--mongodb-uri', uri, ...args], { stdin: 'pipe' })
  run.stdin?.write(lines(1, 3))
  await untilLogged(run, '"read":3')
  return { run }
}

const freeze = (): void => {
  mongod.freeze()
  onTestFinished(() => mongod.thaw())
}

describe('a signal while MongoDB is away', { timeout: 90_000 }, () => {
  test('killed, ends a backfill that says what it waits for', async () => {
    await mongod.start()
    const { child, page } = await startHeldBackfill()
    await mongod.kill()
    page.releaseAll()
    await untilLogged(child, 'waits for MongoDB to answer')
    const { errors } = await end(child)
    expect(errors).toMatchObject({ acct_1: { code: 'mongodb_unavailable' } })
  })

  test('frozen, ends a backfill', async () => {
    await mongod.start()
    const { child, page } = await startHeldBackfill()
    freeze()
    page.releaseAll()
    const { errors } = await end(child)
    expect(Object.keys(errors)).toEqual(['acct_1'])
  })

  test('killed, ends a replay that counts what it could not store', async () => {
    await mongod.start()
    const { run } = await startReplay()
    await mongod.kill()
    run.stdin?.write(lines(4, 5))
    await untilLogged(run, 'waiting: MongoDB does not answer')
    const { failed, failures } = await end(run)
    expect(failed).toBe(2)
    expect(failures).toMatchObject([{ code: 'mongodb_unavailable' }, { code: 'mongodb_unavailable' }])
  })

  test.each([
    ['a replay', []],
    ['a dry run, which has nothing to hand back', ['--dry-run']],
  ])('frozen, ends %s', async (_, args) => {
    await mongod.start()
    const { run } = await startReplay(args)
    freeze()
    run.stdin?.write(lines(4, 5))
    // Told now and then: by then a batch waits.
    await untilLogged(run, '"replaying"')
    expect(await end(run)).toHaveProperty('duration_ms')
  })
})
