import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { replayJson, runProgram, type Summary } from '../../support/billing-sync.ts'
import { openTestDatabase } from '../../support/database.ts'
import { loadEvent, loadStory } from '../../support/fixture-files.ts'
import { diffDocuments, readableDocuments } from '../../support/readable-documents.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { wholeDatabase } from '../../support/whole-database.ts'

const { client, db, uri } = await openTestDatabase()

const story = loadStory()
const accounts = [...new Set(story.map(({ account }) => account ?? ''))]
const config = JSON.stringify({
  accounts: accounts.map((stripe_user_id) => ({
    stripe_user_id,
    new_contact: true,
    mappings: [
      { from: 'email', to: 'email' },
      { from: 'metadata.plan', to: 'custom.plan' },
    ],
  })),
})

/** The platform, as a config lists it before anybody told that it is the platform. */
const trueAccount = {
  stripe_user_id: 'acct_true',
  new_contact: true,
  mappings: [{ from: 'email', to: 'mail' }],
}

/** Outcomes of a summary, which a dry run has in common with the run that writes. */
const outcomesOf = ({ duration_ms: _ms, changes: _changes, changes_omitted: _omitted, ...rest }: Summary) =>
  rest

/** Runs a part of the story dry, then in earnest, and returns what each said would change and did. */
const runBoth = async (folder: string, part: readonly unknown[]) => {
  await writeFile(join(folder, 'part.json'), JSON.stringify(part))
  const args = [join(folder, 'part.json'), '--config', join(folder, 'config.json')]
  const before = await readableDocuments(db)
  const whole = await wholeDatabase(db)
  const dry = await replayJson(uri, [...args, '--dry-run'])
  expect(await wholeDatabase(db)).toEqual(whole)
  const real = await replayJson(uri, args)
  expect(real.exitCode).toBe(dry.exitCode)
  expect(outcomesOf(real.summary)).toEqual(outcomesOf(dry.summary))
  return { told: dry.summary.changes ?? [], done: diffDocuments(before, await readableDocuments(db)), dry }
}

const byDocument = (changes: readonly Document[]) =>
  changes.map((change) => JSON.stringify(change, sorted)).sort()
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

describe('a dry run of the story', () => {
  test('tells what the run then does, field by field, from nothing and from its middle', async () => {
    const folder = await temporaryFolder({ 'config.json': config })
    const damaged = { ...story[3], id: 'evt_damaged', data: { object: { id: ['x'], object: 'charge' } } }
    const half = Math.floor(story.length / 2)
    // Parts overlap, so that events that are known come again.
    for (const part of [[...story.slice(0, half), damaged, null], story.slice(half - 20)]) {
      const { told, done, dry } = await runBoth(folder, part)
      expect(byDocument(told)).toEqual(byDocument(done))
      expect(told.length).toBeGreaterThan(20)
      expect(dry.summary.changes_omitted).toBe(0)
    }
    const { told, done } = await runBoth(folder, story)
    expect([told, done]).toEqual([[], []])
  })

  test('says for people that nothing was written and what to type next', async () => {
    // Of an account that has nothing yet.
    const event = { ...story[0], id: 'evt_other', account: 'acct_other' }
    const folder = await temporaryFolder({ 'a.json': JSON.stringify(event) })
    const { stdout, exitCode } = await runProgram(['replay', folder, '--dry-run', '--mongodb-uri', uri])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^Dry run, nothing was written/)
    expect(stdout).toContain('without --dry-run')
    expect(await db.collection('billing.events').countDocuments({ event_id: 'evt_other' })).toBe(0)
  })

  test('says of what is there which fields it gains, and tells apart what is new', async () => {
    const created = { ...loadEvent('customer.created.endive'), account: 'acct_gains' }
    const deleted = {
      ...created,
      id: 'evt_deleted',
      type: 'customer.deleted',
      created: created.created + 60,
      data: { object: created.data.object },
    }
    const folder = await temporaryFolder({
      'created.json': JSON.stringify(created),
      'deleted.json': JSON.stringify(deleted),
    })
    const textOf = async (name: string, ...more: string[]): Promise<string> =>
      (await runProgram(['replay', join(folder, name), '--mongodb-uri', uri, ...more])).stdout
    const title = `  billing.customers ${created.data.object.id}`
    expect(await textOf('created.json', '--dry-run')).toContain(`${title}  would be made, `)
    await textOf('created.json')
    const told = await textOf('deleted.json', '--dry-run')
    expect(told).toContain(`${title}  of acct_gains\n    /deleted `)
    expect(told).not.toContain('would be made')
  })

  test('tells all of a row that the config lists and the platform then claims', async () => {
    const folder = await temporaryFolder({
      'config.json': JSON.stringify({
        stripeAccountId: 'acct_claims',
        accounts: [{ stripe_user_id: 'acct_claims', support: false }],
      }),
      'event.json': JSON.stringify({ ...story[0], id: 'evt_claims', account: undefined }),
    })
    const other = new URL(uri)
    other.pathname = `${other.pathname}_claims`
    const args = [join(folder, 'event.json'), '--config', join(folder, 'config.json'), '--dry-run']
    const { summary } = await replayJson(other.href, args)
    const row = summary.changes?.find(({ collection }) => collection === 'billing.accounts')
    expect(row?.fields).toMatchObject({ '/platform': { to: true }, '/support': { to: false } })
  })

  test.each([
    { said: 'its config lists of its true id', before: {}, later: { accounts: [trueAccount] } },
    { said: 'an earlier config listed of its true id', before: { accounts: [trueAccount] }, later: {} },
  ])('before the rename of the platform goes by what $said', async ({ said, before, later }) => {
    const [first, second] = ['customer.created.endive', 'customer.created.acacia'].map((name) => ({
      ...loadEvent(name),
      account: undefined,
    }))
    const folder = await temporaryFolder({
      'before.json': JSON.stringify(before),
      'later.json': JSON.stringify({ ...later, stripeAccountId: trueAccount.stripe_user_id }),
      'first.json': JSON.stringify(first),
      'second.json': JSON.stringify(second),
    })
    const other = new URL(uri)
    other.pathname = `${other.pathname}_${said.split(' ')[0]}`
    await replayJson(other.href, [join(folder, 'first.json'), '--config', join(folder, 'before.json')])
    const args = [join(folder, 'second.json'), '--config', join(folder, 'later.json')]
    const dry = await replayJson(other.href, [...args, '--dry-run'])
    const real = await replayJson(other.href, args)
    expect(outcomesOf(dry.summary)).toEqual(outcomesOf(real.summary))
    const contacts = await client.db(other.pathname.slice(1)).collection('crm.contacts').find().toArray()
    expect(contacts).toMatchObject([{ mail: expect.any(String) }, { mail: expect.any(String) }])
    const told = dry.summary.changes?.filter(({ collection }) => collection === 'crm.contacts')
    expect(told).toHaveLength(contacts.length)
  })

  test('before the rename of the platform tells of no row that only it has looked for', async () => {
    const folder = await temporaryFolder({
      'config.json': JSON.stringify({ stripeAccountId: trueAccount.stripe_user_id }),
      'product.json': JSON.stringify({ ...loadEvent('product.created.endive'), account: undefined }),
    })
    const other = new URL(uri)
    other.pathname = `${other.pathname}_alone`
    const file = join(folder, 'product.json')
    await replayJson(other.href, [file])
    const args = [file, '--config', join(folder, 'config.json'), '--dry-run']
    expect((await replayJson(other.href, args)).summary.changes).toEqual([])
  })

  test('of the inbox settles no row', async () => {
    await db.collection('billing.events').updateMany({ type: /^charge/ }, { $set: { status: 'dead' } })
    const whole = await wholeDatabase(db)
    const { summary } = await replayJson(uri, ['--stored', '--status', 'dead', '--dry-run'])
    expect(summary.read).toBeGreaterThan(5)
    expect(await wholeDatabase(db)).toEqual(whole)
  })
})
