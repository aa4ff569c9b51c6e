import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('no file here takes more from the code that it judges than types', async () => {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts'))
  const sources = names.map(
    async (name) => [name, await readFile(join(import.meta.dirname, name), 'utf8')] as const,
  )
  const taken = (await Promise.all(sources)).flatMap(([name, source]) =>
    [...source.matchAll(/^(?:import|export)\b(?! type\b)[^;'"]*?from '([^']*\/src\/[^']*)'/gm)].map(
      ([, from]) => `${name}: ${from}`,
    ),
  )
  expect(names.length).toBeGreaterThan(20)
  expect(taken).toEqual([])
})
