import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { replayJson, runProgram, type Summary, startProgram } from '../../support/billing-sync.ts'
import { openDatabaseForTest, openTestDatabase } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { fixtureFolder, fixtureNames, loadEvent, loadStory } from '../../support/fixture-files.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { db, uri } = await openTestDatabase()

const keys = [
  ...[
    'read',
    'applied',
    'unchanged',
    'stale',
    'ignored',
    'parked',
    'failed',
    'invalid',
    'filtered',
    'messages',
  ],
  ...['failures', 'failures_omitted', 'duration_ms'],
]

const eventCount = fixtureNames().length + loadStory().length

let first: Summary
beforeAll(async () => {
  const run = await replayJson(uri, [fixtureFolder])
  first = run.summary
  expect(run.exitCode).toBe(0)
})

const expectNothingNew = (summary: Summary, read: number): void => {
  expect(summary).toMatchObject({
    read,
    applied: 0,
    failed: 0,
    invalid: 0,
    parked: 0,
    messages: 0,
    failures: [],
  })
}

describe('a replay of the fixtures', () => {
  test('prints one document with exactly the keys that are promised', () => {
    expect(Object.keys(first)).toEqual(keys)
  })

  test('counts each event under one outcome', () => {
    const { applied, unchanged, stale, ignored, parked, failed, invalid } = first
    expect(applied + unchanged + stale + ignored + parked + failed + invalid).toBe(first.read)
    expect(first).toMatchObject({ read: eventCount, filtered: 0, failures: [], failures_omitted: 0 })
    expect(applied).toBeGreaterThan(100)
    expect(first.duration_ms).toBeGreaterThan(0)
  })

  test('counts the messages that it made', async () => {
    expect(first.messages).toBe(await db.collection('support.messages').countDocuments())
    expect(first.messages).toBeGreaterThan(5)
  })

  test('keeps every event in the bytes it came in', async () => {
    const text = await readFile(join(fixtureFolder, 'charge.succeeded.endive.json'), 'utf8')
    const row = await db.collection('billing.events').findOne({ event_id: JSON.parse(text).id })
    expect(row).toMatchObject({ source: 'replay', status: 'done', attempts: 0, error: null })
    expect(row?.payload.buffer.toString('utf8')).toBe(text.trim())
    expect(await db.collection('billing.events').countDocuments()).toBe(first.read)
  })

  test('applies nothing the second time, shuffled and doubled', async () => {
    const events = [...loadStory(), ...loadStory()].sort((a, b) =>
      a.id.slice(-3).localeCompare(b.id.slice(-3)),
    )
    const input = events.map((event) => JSON.stringify(event)).join('\n')
    const run = await replayJson(uri, ['-'], { stdin: 'pipe', input })
    expect(run.exitCode).toBe(0)
    expectNothingNew(run.summary, events.length)
  })

  test('applies nothing where the inbox was emptied, since the documents say so', async () => {
    await db.collection('billing.events').deleteMany({})
    const run = await replayJson(uri, [fixtureFolder])
    expect(run.exitCode).toBe(0)
    expectNothingNew(run.summary, eventCount)
    expect(await db.collection('billing.events').countDocuments()).toBe(eventCount)
  })

  test('out of the inbox applies nothing either', async () => {
    const { exitCode, summary } = await replayJson(uri, ['--stored'])
    expect(exitCode).toBe(0)
    expectNothingNew(summary, eventCount)
  })
})

test('a replay into a database where two contacts have one customer handles nothing and names them', async () => {
  const twice = await openDatabaseForTest()
  const contact = { stripe_user_id: 'acct_1', stripe_customer_id: 'cus_1' }
  await twice.db.collection('crm.contacts').insertMany([{ ...contact }, { ...contact }])
  const { exitCode, summary } = await replayJson(twice.uri, [fixtureFolder])
  expect([exitCode, summary.read]).toEqual([1, 0])
  const told = 'crm.contacts holds several documents with stripe_user_id acct_1 and stripe_customer_id cus_1'
  expect(summary.failures).toEqual([
    expect.objectContaining({
      source: 'replay',
      code: 'duplicate_documents',
      error: expect.stringContaining(told),
    }),
  ])
})

test("a contact that the CRM's validator refuses fails alone, with the collection named", async () => {
  const crm = await openDatabaseForTest()
  await crm.db.createCollection('crm.contacts', { validator: { name: { $ne: 'Ann Other' } } })
  const folder = await temporaryFolder({
    'config.json': JSON.stringify({ accounts: [{ stripe_user_id: 'acct_1', new_contact: true }] }),
    'events.json': JSON.stringify(['Ann Other', 'Bea'].map(newCustomer)),
  })
  const args = [join(folder, 'events.json'), '--config', join(folder, 'config.json')]
  const { exitCode, summary } = await replayJson(crm.uri, args)
  expect([exitCode, summary.applied, summary.failed]).toEqual([1, 1, 1])
  expect(summary.failures).toMatchObject([
    {
      event_id: 'evt_0',
      code: 'document_refused',
      error: expect.stringContaining('The validator of crm.contacts'),
    },
  ])
  expect(JSON.stringify(summary)).not.toContain('Ann Other')
  expect(await crm.db.collection('crm.contacts').distinct('name')).toEqual(['Bea'])
})

const newCustomer = (name: string, index: number) => {
  const event = loadEvent('customer.created.endive')
  const object = { ...event.data.object, id: `cus_${index}`, name, email: `${index}@example.com` }
  return { ...event, id: `evt_${index}`, account: 'acct_1', data: { object } }
}

describe('what a person sees', () => {
  test('is the result in 80 columns, and the log on stderr', async () => {
    const event = numberedEvent(1)
    const folder = await temporaryFolder({ 'a.json': JSON.stringify(event), 'b.json': '{"object":"event"}' })
    const { exitCode, stdout, stderr } = await runProgram(['replay', folder, '--mongodb-uri', uri], {
      env: { FORCE_COLOR: '3' },
    })
    expect(exitCode).toBe(1)
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder))).toEqual([])
    expect(stdout).toMatch(/^Replayed 2 events in .*\n\n {2}applied +1 .*\n {2}invalid +1 /)
    expect(stdout).toMatch(/ {2}billing\.charges +1 +- +-\n/)
    expect(stdout).toMatch(/event_invalid \(1\)/)
    expect(stdout).toContain(join(folder, 'b.json:1'))
    expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    for (const line of stderr.trim().split('\n')) if (line !== '') JSON.parse(line)
  })

  test('has no control character of an input in it', async () => {
    const bad = JSON.stringify({ object: '\u001b[31m\u0007', id: '\u001b[2J' })
    const folder = await temporaryFolder({ 'a\u001b[2Jb.json': `${bad}\n${bad}` })
    const { stdout, stderr } = await runProgram(['replay', folder, '--mongodb-uri', uri])
    expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(stdout).toContain('a?[2Jb.json:1')
  })

  test('says why nothing was read', async () => {
    const folder = await temporaryFolder({ 'notes.txt': 'hello' })
    const { exitCode, stdout } = await runProgram(['replay', folder, '--mongodb-uri', uri])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('No event was found')
  })

  test('is kept from a reader that has gone, without a complaint', async () => {
    const lines = Array.from({ length: 1_500 }, () => '{"object":"nothing"}').join('\n')
    const folder = await temporaryFolder({ 'a.jsonl': lines })
    const args = ['replay', folder, '--json', '--log-level', 'silent', '--mongodb-uri', uri]
    const run = startProgram(args, { stdout: 'pipe', buffer: { stdout: false } })
    run.stdout?.destroy()
    const { exitCode, stderr } = await run
    expect([exitCode, stderr]).toEqual([1, ''])
  })
})
