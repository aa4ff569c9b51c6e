// A disk without room, as any user may have it: `/dev/full` in place of an output, and files that must not grow.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runInShell, runProgram, startInShell } from '../support/billing-sync.ts'
import { openTestDatabase } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { listen } from '../support/listening-server.ts'
import { webhookSecret as secret } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until, untilStored } from '../support/until.ts'

const { db, uri } = await openTestDatabase()
const events = db.collection('billing.events')

const withoutLog = 'exec "$0" "$@" 2> /dev/full'

const fileOf = async (number: number) =>
  join(await temporaryFolder({ 'a.json': JSON.stringify(numberedEvent(number)) }), 'a.json')

describe('without room for its output, a replay', () => {
  test.each([
    ['of people', []],
    ['of machines', ['--json']],
  ])('for the eyes %s does its work, says so and fails', async (_whose, flags) => {
    const number = 10 + flags.length
    const args = ['replay', await fileOf(number), '--mongodb-uri', uri, '--log-level', 'error', ...flags]
    const { exitCode, stderr } = await runInShell('exec "$0" "$@" > /dev/full', args)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^billing-sync: stdout can't be written \(ENOSPC\)[^\n]+\n$/)
    expect(await events.countDocuments({ event_id: `evt_${number}`, status: 'done' })).toBe(1)
  })

  test('of log lines does its work and tells its result', async () => {
    const args = ['replay', await fileOf(1), '--mongodb-uri', uri, '--log-level', 'debug']
    const { exitCode, stdout } = await runInShell(withoutLog, args)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Replayed 1 event')
  })
})

test('serve goes on while its log has no room', async () => {
  // Its port was free a moment ago; the log that would tell another has no room.
  const { url, close } = await listen()
  await close()
  const args = ['serve', '--port', new URL(url).port, '--mongodb-uri', uri, '--log-level', 'trace']
  const serve = startInShell(withoutLog, args, { env: { STRIPE_WEBHOOK_SECRET: secret } })
  await until(() => isReady(url), 'a serve that is ready')
  const answers = await deliver(
    Array.from({ length: 20 }, (_, index) => ({ ...numberedEvent(100 + index) })),
    { url: `${url}/webhooks/stripe`, secret },
  )
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  await untilStored(events, { event_id: /^evt_1\d\d$/, status: 'done' }, 20)
  serve.kill('SIGTERM')
  expect(await serve).toMatchObject({ exitCode: 0 })
})

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )

test.each([
  ['at all', 0, /the folder can't be written \(EFBIG/],
  ['for a database', 64, /mongod was ended by signal \d+; see \S+mongod\.log, or set MONGODB_URI/],
])('a folder without room %s is told in one line', async (_what, blocks, problem) => {
  const args = ['replay', await fileOf(200), '--log-level', 'error']
  const cwd = await temporaryFolder()
  const { exitCode, stdout, stderr } = await runInShell(`ulimit -f ${blocks}; exec "$0" "$@"`, args, { cwd })
  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^billing-sync: The embedded MongoDB in [^\n]+\n$/)
  expect(stderr).toMatch(problem)
})

test('a folder that may not be written is told in one line', async () => {
  // Not even by root.
  const args = ['replay', await fileOf(201), '--log-level', 'error', '--json']
  const run = await runProgram(args, { cwd: '/sys' })
  expect(run).toMatchObject({ exitCode: 2, stdout: '' })
  expect(run.stderr).toMatch(
    /^billing-sync: working directory: the embedded MongoDB can't keep its data in \/sys\/\.billing-sync \(E(PERM|ROFS|ACCES)[^\n]+ or set MONGODB_URI to use another server\n$/,
  )
})
