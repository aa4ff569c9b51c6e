// What README shows of a run is what comes.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runProgram } from './support/billing-sync.ts'
import { openTestDatabase } from './support/database.ts'
import { fixtureFolder } from './support/fixture-files.ts'

const { uri } = await openTestDatabase()

test('the first sample of README is what a replay of the fixtures prints', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, sample = ''] = /^```\n(Replayed .*?)^```$/ms.exec(readme) ?? []
  const { stdout } = await runProgram(['replay', fixtureFolder, '--mongodb-uri', uri])
  expect(withoutTimes(stdout)).toBe(withoutTimes(sample))
})

const withoutTimes = (text: string): string => text.replace(/ in [\d.]+ s, [\d,]+ a second/, '')
