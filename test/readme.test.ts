// What README shows of a run is what comes.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { runProgram } from './support/billing-sync.ts'
import { openTestDatabase } from './support/database.ts'
import { fixtureFolder } from './support/fixture-files.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const { uri } = await openTestDatabase()
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the first sample of README is what a replay of the fixtures prints', async () => {
  const [, sample = ''] = /^```\n(Replayed .*?)^```$/ms.exec(readme) ?? []
  const { stdout } = await runProgram(['replay', fixtureFolder, '--mongodb-uri', uri])
  expect(withoutTimes(stdout)).toBe(withoutTimes(sample))
})

const configSamples = [...readme.matchAll(/^```json\n(.*?)^```$/gms)]
  .map(([, sample = '']) => sample)
  .filter((sample) => /"accounts": \[/.test(sample))

test('README shows config files, with secrets and without', () => {
  expect(configSamples.map((sample) => sample.includes('"access_token"'))).toEqual([false, false, true])
})

test.for(configSamples)('a config file of README is taken as it is printed: %s', async (sample) => {
  const key = Buffer.alloc(32).toString('base64')
  const ofSecrets = `BILLING_SYNC_ENCRYPTION_KEY=${key}\nSTRIPE_SECRET_KEY=sk_test_of_the_platform`
  const env = sample.includes('"access_token"') ? ofSecrets : ''
  const folder = await temporaryFolder({ '.env': env, 'billing-sync.config.json': sample })
  const { accounts } = await loadConfig({}, folder)
  expect(accounts).toEqual(JSON.parse(sample).accounts)
})

const withoutTimes = (text: string): string => text.replace(/ in [\d.]+ s, [\d,]+ a second/, '')
