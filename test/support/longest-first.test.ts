import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { longestFiles } from './longest-first.ts'
import { projectFolder } from './source-modules.ts'

test('names files that are there', () => {
  expect(longestFiles.filter((path) => !existsSync(join(projectFolder, path)))).toEqual([])
})
