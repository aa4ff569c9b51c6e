import { join } from 'node:path'
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { replayJson, runProgram } from '../../support/billing-sync.ts'
import { openTestDatabase } from '../../support/database.ts'
import { fixtureAccount, numberedEvent } from '../../support/deliveries.ts'
import { hostileKinds } from '../../support/hostile-entries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { wholeDatabase } from '../../support/whole-database.ts'

const { db, uri } = await openTestDatabase()

const bystander = 'acct_bystander'

/** Each hostile entry, and the code that it must fail with; null: it must be applied. */
const entries = hostileKinds
  .flatMap(({ name, code, texts }) => texts.map((text) => ({ name, code, text })))
  .map(({ text, ...entry }, index) => ({ ...entry, number: 100 + index, line: text(100 + index) }))

const numbersOf = (kind: string): readonly number[] =>
  entries.filter(({ name }) => name === kind).map(({ number }) => number)

const good = Array.from({ length: 2 * entries.length }, (_, index) =>
  JSON.stringify(numberedEvent(1_000 + index)),
)

describe('hostile entries among good ones', async () => {
  const folderOf = async () => {
    const lines = entries.flatMap(({ line }, index) => [good[2 * index], line, good[2 * index + 1]])
    return temporaryFolder({ 'a.jsonl': lines.join('\n') })
  }

  test('fail each by itself with its code, and touch nobody else', async () => {
    const ids = [100, 1_000].map((number) => numberedEvent(number))
    const own = ids.map((event) => JSON.stringify({ ...event, account: bystander })).join('\n')
    await replayJson(uri, ['-'], { stdin: 'pipe', input: own })
    const before = await documentsOf(bystander)
    const folder = await folderOf()
    const { exitCode, summary } = await replayJson(uri, [folder])
    expect(exitCode).toBe(1)
    const failing = entries.flatMap(({ code }, index) => (code === null ? [] : [[3 * index + 2, code]]))
    expect(summary.applied).toBe(good.length + entries.length - failing.length)
    expect(summary.read).toBe(good.length + entries.length)
    const told = summary.failures.map(({ source, code }) => [Number(source?.split(':').at(-1)), code])
    expect(told.sort(byLine)).toEqual(failing)
    expect(await documentsOf(bystander)).toEqual(before)
    const charges = entries.filter(({ code, line }) => code === null && line.includes('"ch_'))
    expect(await db.collection('billing.charges').countDocuments({ stripe_user_id: fixtureAccount })).toBe(
      good.length + charges.length,
    )
  })

  test('are kept as dead rows in their bytes where MongoDB cannot hold them', async () => {
    // The bytes of one that is even larger have no place in a row.
    const kept = entries
      .filter(({ name, code }) => code === 'payload_unstorable' && name !== 'events of over 16 MB')
      .map(({ number }) => number)
    expect(kept).toHaveLength(4)
    const rows = await db.collection('billing.events').find({ 'error.code': 'payload_unstorable' }).toArray()
    expect(rows.map(({ event_id, status }) => [event_id, status]).sort()).toEqual(
      kept.map((number) => [`evt_${number}`, 'dead']),
    )
    for (const row of rows) {
      const entry = entries.find(({ number }) => `evt_${number}` === row.event_id)
      expect(row.payload.buffer.toString('utf8') === entry?.line).toBe(true)
    }
    const again = await replayJson(uri, ['--stored', '--status', 'dead'])
    expect([again.exitCode, again.summary.failed, again.summary.read]).toEqual([1, 4, 4])
  })

  test('are stored under their own keys and nothing else', async () => {
    const keysOf = async (kind: string): Promise<readonly string[]> => {
      const [number] = numbersOf(kind)
      const [found] = await db
        .collection('billing.charges')
        .aggregate<{ keys: readonly string[] }>([
          { $match: { stripe_id: `ch_${number}` } },
          { $project: { keys: { $map: { input: { $objectToArray: '$metadata' }, in: '$$this.k' } } } },
        ])
        .toArray()
      return found?.keys ?? []
    }
    expect(await keysOf('keys that mean something')).toEqual(['a.b', '$set', '__proto__', '_bsontype', ''])
    expect(await keysOf('keys that are not storable')).toEqual(['nul\\u0000key', 'lone\\ud800', '\\u0000'])
  })
})

const byLine = ([a]: readonly unknown[], [b]: readonly unknown[]): number => Number(a) - Number(b)

const documentsOf = async (account: string): Promise<Document> => {
  const all = await wholeDatabase(db)
  return Object.fromEntries(
    Object.entries(all).map(([name, documents]) => [
      name,
      documents.filter((text) => text.includes(account)),
    ]),
  )
}

test.each([
  '__proto__.x',
  'constructor',
  'a.$set',
  '_id',
  '$where',
  'stripe_user_id',
  'a..b',
  'custom.__proto__',
])('a mapping to %s is refused before any work', async (to) => {
  const accounts = [{ stripe_user_id: 'acct_1', mappings: [{ from: 'email', to }] }]
  const folder = await temporaryFolder({
    'a.json': good[0] ?? '',
    'config.json': JSON.stringify({ accounts }),
  })
  const config = join(folder, 'config.json')
  const args = ['replay', join(folder, 'a.json'), '--json', '--config', config, '--mongodb-uri', uri]
  const { exitCode, stdout, stderr } = await runProgram(args)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^billing-sync: [^\n]*config\.json: accounts\[0\]\.mappings\[0\][^\n]+\n$/)
})
