import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolder, readSourceModules } from './support/source-modules.ts'

/** A folder of `src/`, or a file that lies in `src/` itself. */
const homeOf = (path: string): string => path.split('/')[0] ?? path

/** What each folder imports of the others, as the README says it; coded errors are for all. */
const importsOfFolders = (): Readonly<Record<string, readonly string[]>> => {
  const imports = new Map<string, Map<string, boolean>>()
  for (const { path, imports: found } of readSourceModules()) {
    const known = imports.get(homeOf(path)) ?? new Map<string, boolean>()
    imports.set(homeOf(path), known)
    for (const { isOwn, target, typesOnly } of found) {
      const home = homeOf(target)
      if (!isOwn || home === homeOf(path) || home === 'errors.ts') continue
      known.set(home, typesOnly && known.get(home) !== false)
    }
  }
  const told = (known: ReadonlyMap<string, boolean>): readonly string[] =>
    [...known].map(([home, typesOnly]) => (typesOnly ? `types of ${home}` : home)).sort()
  return Object.fromEntries([...imports].map(([home, known]) => [home, told(known)]))
}

test('the table of folders in the README says what each imports', () => {
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8')
  const [, section = ''] = readme.split('\n### Find your way\n')
  const [table = ''] = section.split(/^##/m)
  const rows = [...table.matchAll(/^\| `src\/([\w.-]+)` \|.*\| (.+) \|$/gm)]
  const told = rows.map(([, home = '', cell = '']) => [
    home,
    cell === 'nothing' ? [] : cell.replaceAll('`', '').split(', ').sort(),
  ])
  expect(Object.fromEntries(told)).toEqual(importsOfFolders())
})
