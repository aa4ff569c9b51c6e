import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ALLOWED = ['stripe', 'typescript-6', 'vitest']

test('no file here imports from outside but the tools of tests', async () => {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts'))
  const sources = names.map(
    async (name) => [name, await readFile(join(import.meta.dirname, name), 'utf8')] as const,
  )
  const foreign = (await Promise.all(sources)).flatMap(([name, source]) =>
    [...source.matchAll(/^(?:import|export)\b[^;'"]*?from '([^']+)'/gm)]
      .map(([, from]) => `${name}: ${from}`)
      .filter((line) => !/: (node:|\.\/)/.test(line) && !ALLOWED.some((tool) => line.endsWith(`: ${tool}`))),
  )
  expect(names.length).toBeGreaterThan(50)
  expect(foreign).toEqual([])
})
