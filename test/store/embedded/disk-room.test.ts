import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { isDiskFull } from '../../../src/store/embedded/disk-room.ts'

test('a disk is full once it has fewer bytes than are needed', async () => {
  expect(await isDiskFull(tmpdir())).toBe(false)
  expect(await isDiskFull(tmpdir(), Number.POSITIVE_INFINITY)).toBe(true)
})

test.each([
  ['counts no bytes', '/proc'],
  ['is not there', '/nowhere/at/all'],
])('what %s is not called full', async (_what, folder) => {
  expect(await isDiskFull(folder, Number.POSITIVE_INFINITY)).toBe(false)
})
