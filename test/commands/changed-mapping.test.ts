import { join } from 'node:path'
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { replayJson, startProgram } from '../support/billing-sync.ts'
import { openDatabaseForTest, type TestDatabase } from '../support/database.ts'
import { loadStory } from '../support/fixture-files.ts'
import { startServeForTest } from '../support/serve-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { wholeDatabase } from '../support/whole-database.ts'

const story = loadStory()
const accounts = [...new Set(story.map(({ account }) => account ?? ''))]
const configOf = (mappings: readonly object[]): string =>
  JSON.stringify({
    accounts: accounts.map((stripe_user_id) => ({ stripe_user_id, new_contact: true, mappings })),
  })

const files = {
  'story.json': JSON.stringify(story),
  'nothing.json': '[]',
  'before.json': configOf([
    { from: 'email', to: 'email' },
    { from: 'name', to: 'last_name' },
  ]),
  'after.json': configOf([
    { from: 'email', to: 'email' },
    { from: 'name', to: 'custom.name' },
    { from: 'id', to: 'custom.stripe' },
  ]),
}

let expectedContacts: readonly Document[] | null = null

/** A database with the story in it, folded with the mappings of before; and what it shows with those after. */
const openStory = async () => {
  const folder = await temporaryFolder(files)
  const at = (name: string): string => join(folder, name)
  const open = async (config: string) => {
    const database = await openDatabaseForTest()
    await replayJson(database.uri, [at('story.json'), '--config', at(config)])
    return database
  }
  expectedContacts ??= await contactsOf(await open('after.json'))
  const database = await open('before.json')
  return {
    ...database,
    config: at('after.json'),
    expected: expectedContacts,
    contacts: () => contactsOf(database),
    replayNothing: (...flags: readonly string[]) =>
      replayJson(database.uri, [at('nothing.json'), '--config', at('after.json'), ...flags]),
  }
}

const contactsOf = async ({ db }: TestDatabase): Promise<readonly Document[]> => {
  const found = await db.collection('crm.contacts').find().sort({ _id: 1 }).toArray()
  return found.map(({ created_at: _created, updated_at: _updated, ...rest }) => rest)
}

describe('a mapping that changed in the config', () => {
  test('holds for stored contacts once any replay has started', async () => {
    const { db, contacts, expected, replayNothing } = await openStory()
    expect(await contacts()).not.toEqual(expected)
    const told = () => db.collection('queue.jobs').countDocuments({ kind: 'contact.updated' })
    const before = await told()
    await replayNothing()
    expect(await contacts()).toEqual(expected)
    expect((await told()) - before).toBe(expected.length)
    const whole = await wholeDatabase(db)
    await replayNothing()
    expect(await wholeDatabase(db)).toEqual(whole)
  })

  test('is told by the replay that applied it', async () => {
    const { uri, config, expected } = await openStory()
    const { stdout } = await startProgram(['replay', '--stored', '--mongodb-uri', uri, '--config', config])
    expect(stdout).toContain(`New mappings of the config changed ${expected.length} contacts.`)
    expect(stdout).toMatch(new RegExp(`crm\\.contacts +- +${expected.length} `))
  })

  test('is shown by a dry run, which writes nothing', async () => {
    const { db, expected, replayNothing } = await openStory()
    const whole = await wholeDatabase(db)
    const { summary } = await replayNothing('--dry-run')
    const changed = (summary.changes ?? []).filter(({ collection }) => collection === 'crm.contacts')
    expect(changed).toHaveLength(expected.length)
    expect(await wholeDatabase(db)).toEqual(whole)
  })

  test('is applied by a replay of the stored events', async () => {
    const { uri, config, contacts, expected } = await openStory()
    await replayJson(uri, ['--stored', '--config', config])
    expect(await contacts()).toEqual(expected)
  })

  test('holds soon after serve has started', async () => {
    const { db, uri, config, contacts, expected } = await openStory()
    await startServeForTest({ uri, args: ['--config', config] })
    const isDone = async (): Promise<boolean> => {
      const due = await db.collection('billing.accounts').countDocuments({ contacts_due: { $exists: true } })
      return due === 0
    }
    await until(isDone, 'an account without contacts that are due')
    expect(await contacts()).toEqual(expected)
  })
})
