// The controls themselves take long; that each of them still is one is seen at once.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolder } from '../support/source-modules.ts'

interface Guard {
  readonly name: string
  readonly tests: readonly string[]
}

// The runner is plain JavaScript, so that it needs no build.
const load = (file: string) => import(join(projectFolder, 'test/controls', file))
const { gatherGuards } = await load('guard.mjs')
const { misfitOf } = await load('patched-project.mjs')
const guards: readonly Guard[] = await gatherGuards()

test.each(guards)('the patch of "$name" fits, and its tests are there', async (guard) => {
  expect(await misfitOf(guard)).toBeNull()
  expect(guard.tests.filter((path) => !existsSync(join(projectFolder, path)))).toEqual([])
})

test('no two controls have one name', () => {
  const names = guards.map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
