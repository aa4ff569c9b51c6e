import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { replayJson } from '../../support/billing-sync.ts'
import { openTestDatabase } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { loadStory, type SnapshotEvent } from '../../support/fixture-files.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { db, uri } = await openTestDatabase()

const story = loadStory()
const file = join(import.meta.dirname, '../../../fixtures/story.json')
const day = 86_400
const middle = story[Math.floor(story.length / 2)]?.created ?? 0
const iso = (seconds: number) => new Date(seconds * 1000).toISOString()
const [anId = '', anotherId = ''] = story.map(({ id }) => id)
const [anAccount = ''] = story.map(({ account }) => account ?? '')

const cases: readonly (readonly [string, readonly string[], (event: SnapshotEvent) => boolean])[] = [
  ['a glob of types', ['--type', 'charge.*'], ({ type }) => type.startsWith('charge.')],
  [
    'types in a comma list and repeated',
    ['--type', 'invoice.paid,product.*', '--type', 'customer.{created,deleted}'],
    ({ type }) => /^(invoice\.paid|product\..*|customer\.(created|deleted))$/.test(type),
  ],
  ['ids', ['--id', `${anId},${anotherId}`, '--id', 'evt_none'], ({ id }) => id === anId || id === anotherId],
  ['an account', ['--account', anAccount], ({ account }) => account === anAccount],
  [
    'the time from one instant up to another',
    ['--since', iso(middle - 20 * day), '--until', iso(middle)],
    ({ created }) => created >= middle - 20 * day && created < middle,
  ],
  [
    'all of them at once',
    ['--type', '*.created', '--account', anAccount, '--until', iso(middle)],
    ({ type, account, created }) => type.endsWith('.created') && account === anAccount && created < middle,
  ],
]

beforeAll(async () => {
  expect((await replayJson(uri, [file])).exitCode).toBe(0)
})

describe.each(cases)('a filter by %s', (_, options, isWanted) => {
  const wanted = story.filter(isWanted).length

  test('takes the same events of files and of the inbox, and counts the rest', async () => {
    expect(wanted).toBeGreaterThan(0)
    expect(wanted).toBeLessThan(story.length)
    const [files, stored] = await Promise.all([
      replayJson(uri, [file, ...options]),
      replayJson(uri, ['--stored', ...options]),
    ])
    for (const { exitCode, summary } of [files, stored]) {
      expect(exitCode).toBe(0)
      expect(summary).toMatchObject({ read: wanted, filtered: story.length - wanted, applied: 0 })
    }
  })
})

test('a range may be told in days and hours ago', async () => {
  const recent = { ...numberedEvent(1), created: Math.floor(Date.now() / 1000) - 3_600 }
  const old = { ...numberedEvent(2), created: recent.created - 5 * day }
  const folder = await temporaryFolder({ 'a.json': JSON.stringify([recent, old]) })
  const { summary } = await replayJson(uri, [folder, '--since', '2d', '--until', '30m'])
  expect(summary).toMatchObject({ read: 1, filtered: 1 })
})

test('a rate holds back each account by itself', async () => {
  const of = (account: string) => [11, 12, 13, 14].map((number) => ({ ...numberedEvent(number), account }))
  const folder = await temporaryFolder({ 'a.json': JSON.stringify([...of('acct_1'), ...of('acct_2')]) })
  const { summary } = await replayJson(uri, [folder, '--rate', '2'])
  expect(summary).toMatchObject({ read: 8, applied: 8 })
  // Two at once, then two a second later, of both accounts side by side.
  expect(summary.duration_ms).toBeGreaterThanOrEqual(1_000)
  const rows = await db.collection('billing.events').find({ stripe_user_id: 'acct_1' }).toArray()
  const processed = rows.map(({ processed_at }) => processed_at.getTime()).sort((a, b) => a - b)
  expect(Number(processed[2]) - Number(processed[1])).toBeGreaterThan(500)
})

describe('rows of one status', () => {
  test('are run again, and settled as they end this time', async () => {
    const parking = await temporaryFolder({
      'a.json': JSON.stringify([{ ...numberedEvent(21), account: 'acct_new' }]),
      'park.json': JSON.stringify({ unknown_accounts: 'park' }),
      'list.json': JSON.stringify({ unknown_accounts: 'park', accounts: [{ stripe_user_id: 'acct_new' }] }),
    })
    const [park, list] = ['park.json', 'list.json'].map((name) => ['--config', join(parking, name)])
    const parked = await replayJson(uri, [join(parking, 'a.json'), ...(park ?? [])])
    expect([parked.exitCode, parked.summary.parked]).toEqual([0, 1])
    expect(await db.collection('billing.charges').countDocuments({ stripe_user_id: 'acct_new' })).toBe(0)
    const run = await replayJson(uri, ['--stored', '--status', 'parked,dead', ...(list ?? [])])
    expect(run.exitCode).toBe(0)
    expect(run.summary).toMatchObject({ read: 1, applied: 1, parked: 0 })
    const row = await db.collection('billing.events').findOne({ stripe_user_id: 'acct_new' })
    expect(row).toMatchObject({ status: 'done', outcome: 'applied' })
  })
})

test('effects that were left out are made later, once', async () => {
  await db.collection('support.messages').deleteMany({})
  const messages = () => db.collection('support.messages').countDocuments()
  const args = [file, '--type', 'invoice.*']
  const none = await replayJson(uri, [...args, '--effects', 'none'])
  expect([none.summary.messages, await messages()]).toEqual([0, 0])
  const missing = await replayJson(uri, args)
  expect(missing.summary.messages).toBe(await messages())
  expect(missing.summary.messages).toBeGreaterThan(0)
  expect((await replayJson(uri, args)).summary.messages).toBe(0)
})
