import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { explainedByDisk, isDiskFull } from '../../../src/store/embedded/disk-room.ts'

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

test('a MongoDB that is away over a full disk is told so, and nothing else is', async () => {
  const everything = Number.POSITIVE_INFINITY
  const away = new BillingSyncError('mongodb_unavailable', { reason: 'its connection was cut off' })
  expect(await explainedByDisk(away, tmpdir())).toBe(away)
  expect(await explainedByDisk(away, tmpdir(), everything)).toMatchObject({
    code: 'mongodb_unavailable',
    details: { reason: `the disk of ${tmpdir()} is full, make room there` },
    cause: away,
  })
  const busy = new BillingSyncError('account_busy', { seconds: 0 })
  expect(await explainedByDisk(busy, tmpdir(), everything)).toBe(busy)
})
