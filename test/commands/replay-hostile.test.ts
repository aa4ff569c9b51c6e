import { join } from 'node:path'
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { replayJson, runProgram } from '../support/billing-sync.ts'
import { openTestDatabase } from '../support/database.ts'
import { fixtureAccount, numberedEvent } from '../support/deliveries.ts'
import { type Json, type JsonObject, loadEvent } from '../support/fixture-files.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { wholeDatabase } from '../support/whole-database.ts'

const { db, uri } = await openTestDatabase()

const bystander = 'acct_bystander'

const charged = (number: number, fields: JsonObject = {}) => numberedEvent(number, { changes: fields })
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** The text of a charge whose metadata is what JSON.stringify would not write. */
const chargedWith = (number: number, metadata: string): string =>
  JSON.stringify(charged(number, { metadata: 'hostile' })).replace('"hostile"', metadata)

const megabyte = 'x'.repeat(1024 * 1024)
const metadataOf = (megabytes: number): string =>
  JSON.stringify(
    Object.fromEntries(Array.from({ length: megabytes }, (_, index) => [`key_${index}`, megabyte])),
  )

const operators: readonly Json[] = [{ $gt: '' }, ['x'], 7, { $ne: null }, true]

/** Each hostile line, and the code that it must fail with; null: it must be applied. */
const entries: readonly (readonly [string, string | null])[] = [
  ...operators.map((id, index) => [JSON.stringify(charged(100 + index, { id })), 'object_invalid'] as const),
  [JSON.stringify(charged(110, { id: null })), 'object_invalid'],
  ...operators.map(
    (customer, index) => [JSON.stringify(charged(120 + index, { customer })), 'object_invalid'] as const,
  ),
  ...operators.map(
    (account, index) => [JSON.stringify({ ...charged(130 + index), account }), 'event_invalid'] as const,
  ),
  ...operators.map(
    (id, index) => [JSON.stringify({ ...charged(140 + index), id }), 'event_invalid'] as const,
  ),
  [JSON.stringify({ ...charged(150), id: null }), 'event_invalid'],
  [chargedWith(160, nested(200)), 'payload_unstorable'],
  [chargedWith(161, nested(100_000)), 'payload_unstorable'],
  [chargedWith(162, '{"n":[1e400]}'), 'payload_unstorable'],
  [chargedWith(163, metadataOf(9)), 'payload_unstorable'],
  [chargedWith(164, metadataOf(16)), 'payload_unstorable'],
  [chargedWith(165, nested(60)), null],
  [
    chargedWith(
      166,
      '{"a.b":"1","$set":{"$gt":"$secret"},"__proto__":{"polluted":"yes"},"_bsontype":"ObjectId","":""}',
    ),
    null,
  ],
  [chargedWith(167, '{"nul\\u0000key":"a","lone\\ud800":"\\udfff","\\u0000":"nul value \\u0000"}'), null],
  [JSON.stringify(loadEvent('customer.updated.hostile-metadata')), null],
]

const good = Array.from({ length: 2 * entries.length }, (_, index) => JSON.stringify(charged(1_000 + index)))

describe('hostile entries among good ones', async () => {
  const folderOf = async () => {
    const lines = entries.flatMap(([line], index) => [good[2 * index], line, good[2 * index + 1]])
    return temporaryFolder({ 'a.jsonl': `${lines.join('\n')}\nno JSON\n"evt_1"\n[]\nnull\n` })
  }

  test('fail each by itself with its code, and touch nobody else', async () => {
    const ids = [100, 1_000].map((number) => charged(number))
    const own = ids.map((event) => JSON.stringify({ ...event, account: bystander })).join('\n')
    await replayJson(uri, ['-'], { stdin: 'pipe', input: own })
    const before = await documentsOf(bystander)
    const folder = await folderOf()
    const { exitCode, summary } = await replayJson(uri, [folder])
    expect(exitCode).toBe(1)
    const failing = entries.filter(([, code]) => code !== null)
    expect(summary.applied).toBe(good.length + entries.length - failing.length)
    expect(summary.read).toBe(good.length + entries.length + 4)
    const expected = entries.flatMap(([, code], index) => (code === null ? [] : [[3 * index + 2, code]]))
    const lines = [1, 2, 3, 4].map((offset) => [3 * entries.length + offset, 'event_invalid'])
    const told = summary.failures.map(({ source, code }) => [Number(source?.split(':').at(-1)), code])
    expect(told.sort(byLine)).toEqual([...expected, ...lines])
    expect(await documentsOf(bystander)).toEqual(before)
    expect(await db.collection('billing.charges').countDocuments({ stripe_user_id: fixtureAccount })).toBe(
      good.length + 3,
    )
  })

  test('are kept as dead rows in their bytes where MongoDB can not hold them', async () => {
    const rows = await db.collection('billing.events').find({ 'error.code': 'payload_unstorable' }).toArray()
    expect(rows.map(({ event_id, status }) => [event_id, status]).sort()).toEqual(
      [160, 161, 162, 163].map((number) => [`evt_${number}`, 'dead']),
    )
    for (const row of rows) {
      const [line] = entries.find(([text]) => text.includes(`"${row.event_id}"`)) ?? []
      expect(row.payload.buffer.toString('utf8') === line).toBe(true)
    }
    const again = await replayJson(uri, ['--stored', '--status', 'dead'])
    expect([again.exitCode, again.summary.failed, again.summary.read]).toEqual([1, 4, 4])
  })

  test('are stored under their own keys and nothing else', async () => {
    const keysOf = async (number: number): Promise<readonly string[]> => {
      const [found] = await db
        .collection('billing.charges')
        .aggregate<{ keys: readonly string[] }>([
          { $match: { stripe_id: `ch_${number}` } },
          { $project: { keys: { $map: { input: { $objectToArray: '$metadata' }, in: '$$this.k' } } } },
        ])
        .toArray()
      return found?.keys ?? []
    }
    expect(await keysOf(166)).toEqual(['a.b', '$set', '__proto__', '_bsontype', ''])
    expect(await keysOf(167)).toEqual(['nul\\u0000key', 'lone\\ud800', '\\u0000'])
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
