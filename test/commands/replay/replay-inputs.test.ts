import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { replayJson, runInShell } from '../../support/billing-sync.ts'
import { openDatabaseForTest, openTestDatabase } from '../../support/database.ts'
import { fixtureAccount, numberedEvent } from '../../support/deliveries.ts'
import type { SnapshotEvent } from '../../support/fixture-files.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { db, uri } = await openTestDatabase()

afterEach(async () => {
  for (const name of ['billing.events', 'billing.charges']) await db.collection(name).deleteMany({})
})

const textOf = (number: number) => JSON.stringify(numberedEvent(number))
const storedIds = async () =>
  (await db.collection('billing.events').find().sort({ created: 1 }).toArray()).map(
    ({ event_id }) => event_id,
  )
const numbers = (...list: readonly number[]) => list.map((number) => `evt_${number}`)

test('every form of an input is read, files and stdin together', async () => {
  const folder = await temporaryFolder({
    'a/1.json': textOf(1),
    'a/2.json': JSON.stringify([numberedEvent(2), numberedEvent(3)], null, 2),
    'a/b/3.json': `{"object":"list","data":[\n${textOf(4)},\n${textOf(5)}\n],"has_more":false}`,
    'a/4.ndjson': `${textOf(6)}\n\n${textOf(7)}\n`,
    'a/5.jsonl.gz': gzipSync(`${textOf(8)}\n${textOf(9)}`),
    'a/6.json': `\uFEFF${textOf(10)}`,
    'other.txt': textOf(11),
    'unseen.txt': textOf(99),
  })
  const inputs = [join(folder, 'a'), join(folder, 'other.txt'), '-']
  const input = `${textOf(12)}\n${textOf(13)}\n`
  const { exitCode, summary } = await replayJson(uri, inputs, { stdin: 'pipe', input })
  expect(exitCode).toBe(0)
  expect(summary).toMatchObject({ read: 13, applied: 13, failures: [] })
  expect(await storedIds()).toEqual(numbers(...Array.from({ length: 13 }, (_, index) => index + 1)))
})

test('a folder as stdin is no empty file', async () => {
  const cwd = await temporaryFolder({})
  const args = ['replay', '-', '--json', '--mongodb-uri', uri]
  const { exitCode, stdout } = await runInShell('"$0" "$@" < .', args, { cwd })
  expect(exitCode).toBe(1)
  const { failures } = JSON.parse(stdout)
  expect(failures).toMatchObject([{ source: '-', code: 'input_unreadable' }])
  expect(failures[0].error).toContain('it is a directory')
})

test('an id that holds another event keeps the first, in the order of names', async () => {
  const again = { ...numberedEvent(1), pending_webhooks: 7 }
  const other = numberedEvent(1, { changes: { description: 'another' } })
  const reordered = JSON.stringify(Object.fromEntries(Object.entries(again).reverse()), null, 2)
  const folder = await temporaryFolder({
    'a.json': textOf(1),
    'b.json': reordered,
    'c.json': JSON.stringify(other),
  })
  const { exitCode, summary } = await replayJson(uri, [folder])
  expect(exitCode).toBe(1)
  expect(summary).toMatchObject({ read: 3, applied: 1, unchanged: 1, failed: 1 })
  expect(summary.failures).toEqual([
    {
      source: `${join(folder, 'c.json')}:1`,
      event_id: 'evt_1',
      type: 'charge.succeeded',
      code: 'event_conflict',
      error: expect.stringContaining('the stored one is kept'),
    },
  ])
  const row = await db.collection('billing.events').findOne({})
  expect(row?.payload.buffer.toString()).toBe(textOf(1))
  expect(await db.collection('billing.charges').findOne({})).not.toMatchObject({ description: 'another' })
  const alone = await replayJson(uri, [join(folder, 'c.json')])
  expect(alone.summary.failures.map(({ code }) => code)).toEqual(['event_conflict'])
})

test.each([
  ['first', ({ id, ...rest }: SnapshotEvent) => ({ id, ...rest })],
  ['last', ({ id, ...rest }: SnapshotEvent) => ({ ...rest, id })],
])('an id that stands %s keeps the first of two events, however large it is', async (_, ordered) => {
  const large = numberedEvent(1, { changes: { description: 'x'.repeat(300 * 1024) } })
  const lines = [textOf(2), JSON.stringify(ordered(large)), textOf(1)]
  const folder = await temporaryFolder({ 'a.jsonl': lines.join('\n') })
  const { summary } = await replayJson(uri, [folder])
  expect(summary).toMatchObject({ read: 3, applied: 2, failed: 1 })
  expect(summary.failures).toMatchObject([{ source: `${join(folder, 'a.jsonl')}:3`, code: 'event_conflict' }])
})

describe('an input that cannot be read', () => {
  test('is a failure of its own that stops no other', async () => {
    const lines = Array.from({ length: 400 }, (_, index) => textOf(100 + index)).join('\n')
    const compressed = gzipSync(lines)
    const folder = await temporaryFolder({
      'a.json': textOf(1),
      'cut.jsonl.gz': compressed.subarray(0, compressed.length - 500),
      'z.json': textOf(2),
    })
    const missing = join(folder, 'missing.json')
    const { exitCode, summary } = await replayJson(uri, [missing, folder])
    expect(exitCode).toBe(1)
    expect(summary.failures).toEqual([
      {
        source: missing,
        event_id: null,
        type: null,
        code: 'input_unreadable',
        error: `${missing} cannot be read: there is no such file`,
      },
      {
        source: join(folder, 'cut.jsonl.gz'),
        event_id: null,
        type: null,
        code: 'input_unreadable',
        error: expect.stringContaining('ends too early'),
      },
    ])
    expect(summary.applied).toBe(summary.read)
    expect(summary.read).toBeGreaterThan(2 + 200)
    expect(await storedIds()).toEqual(expect.arrayContaining(numbers(1, 2)))
  })

  test('hides none of the files beside it', async () => {
    const folder = await temporaryFolder({
      'a.json': textOf(1),
      'locked.json': textOf(2),
      'deep/b.json': textOf(3),
    })
    const locked = join(folder, 'locked')
    await mkdir(locked)
    for (const path of [locked, join(folder, 'locked.json')]) await chmod(path, 0)
    // Whoever may read everything reads as somebody who may not; the files are for everybody.
    await chmod(folder, 0o755)
    const { exitCode, summary } = await replayJson(
      uri,
      [folder],
      process.getuid?.() === 0 ? { uid: nobody } : {},
    )
    await chmod(locked, 0o755)
    expect(exitCode).toBe(1)
    expect(summary).toMatchObject({ read: 2, applied: 2 })
    expect(summary.failures.map(({ source, code }) => [source, code])).toEqual([
      [locked, 'input_unreadable'],
      [join(folder, 'locked.json'), 'input_unreadable'],
    ])
    expect(summary.failures[1]?.error).toContain('permission denied')
  })

  test('is told beside damaged lines, which fail one by one', async () => {
    const text = [textOf(1), 'no JSON', '{"object":"event"}', '', textOf(2), '{"id":', textOf(3)].join('\n')
    const folder = await temporaryFolder({ 'a.jsonl': text })
    const { exitCode, summary } = await replayJson(uri, [folder])
    expect(exitCode).toBe(1)
    expect(summary).toMatchObject({ read: 6, applied: 3, invalid: 3 })
    const file = join(folder, 'a.jsonl')
    expect(summary.failures.map(({ source, code }) => [source, code]).sort()).toEqual(
      [2, 3, 6].map((line) => [`${file}:${line}`, 'event_invalid']),
    )
    expect(summary.failures.map(({ event_id, type }) => event_id ?? type)).toEqual([null, null, null])
  })

  test('leaves a list of 1,000 failures and a count of the rest', async () => {
    const folder = await temporaryFolder({ 'a.jsonl': `${'{}\n'.repeat(1_200)}${textOf(1)}` })
    const { exitCode, summary } = await replayJson(uri, [folder])
    expect(exitCode).toBe(1)
    expect(summary).toMatchObject({ read: 1_201, applied: 1, invalid: 1_200, failures_omitted: 200 })
    expect(summary.failures).toHaveLength(1_000)
  })
})

/** The user that owns nothing. */
const nobody = 65_534

test('an event that names no account belongs to the platform', async () => {
  const { account: _, ...own } = numberedEvent(1)
  const folder = await temporaryFolder({ 'a.json': JSON.stringify([own, numberedEvent(2)]) })
  await replayJson(uri, [folder], { env: { STRIPE_ACCOUNT_ID: 'acct_own' } })
  const charges = await db.collection('billing.charges').find().sort({ stripe_id: 1 }).toArray()
  expect(charges.map(({ stripe_user_id }) => stripe_user_id)).toEqual(['acct_own', fixtureAccount])
})

test('one whose platform Stripe does not tell fails alone', async () => {
  const { server } = await playStripe()
  const { uri } = await openDatabaseForTest()
  const { account: _, ...own } = numberedEvent(1)
  const folder = await temporaryFolder({ 'a.json': JSON.stringify([own, numberedEvent(2), own]) })
  const env = {
    STRIPE_SECRET_KEY: 'sk_live_of_nobody',
    STRIPE_API_BASE: server.url,
    BILLING_SYNC_HYDRATE: 'never',
  }
  const { exitCode, summary } = await replayJson(uri, [folder], { env })
  expect(exitCode).toBe(1)
  expect(summary).toMatchObject({ read: 3, applied: 1, failed: 2 })
  expect(summary.failures.map(({ source, code }) => [source?.split(':').at(-1), code])).toEqual([
    ['1', 'stripe_unauthorized'],
    ['3', 'stripe_unauthorized'],
  ])
  expect(server.requests.count()).toBe(1)
})
