// What a start loads before it knows that there is work to do.

import { expect, test } from 'vitest'
import { readSourceModules } from './support/source-modules.ts'

const modules = new Map(readSourceModules().map((module) => [module.path, module]))

/** Returns the packages that come with a module, those that are imported later left out. */
const packagesOf = (path: string, seen = new Set<string>()): ReadonlySet<string> => {
  const packages = new Set<string>()
  if (seen.has(path)) return packages
  seen.add(path)
  for (const { target, isOwn, typesOnly, isLater } of modules.get(path)?.imports ?? []) {
    if (typesOnly || isLater) continue
    for (const name of isOwn ? packagesOf(target, seen) : [target]) packages.add(name)
  }
  return packages
}

test.each(['backfill', 'replay'])('%s refuses without having loaded a driver', (name) => {
  const drivers = ['mongodb', 'stripe', 'rate-limiter-flexible']
  const loaded = packagesOf(`commands/${name}/${name}.ts`)
  expect(drivers.filter((driver) => loaded.has(driver))).toEqual([])
  expect(loaded).toContain('valibot')
})

test('the program itself loads nothing but its parser of options', () => {
  expect([...packagesOf('cli.ts')].filter((name) => !name.startsWith('node:'))).toEqual(['commander'])
})
