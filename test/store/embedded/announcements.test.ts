import { stat, symlink } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import {
  announce,
  clearAway,
  listAnnouncements,
  nameSocket,
  withdraw,
} from '../../../src/store/embedded/announcements.ts'
import { prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { temporaryFolder } from './running-server.ts'

const dataFolder = async (...names: string[]) =>
  prepareDataFolder(join(await temporaryFolder(), ...names, 'data'))

test('a socket lies in a folder that no other user can enter', async () => {
  const { socketPath } = await nameSocket(await dataFolder())
  expect(dirname(socketPath)).toBe(join(tmpdir(), `billing-sync-${userInfo().uid}`))
  expect((await stat(dirname(socketPath))).mode & 0o777).toBe(0o700)
})

test('a socket path stays short however long the data folder is', async () => {
  const { socketPath } = await nameSocket(await dataFolder('a'.repeat(120), 'b'.repeat(120)))
  expect(Buffer.byteLength(socketPath)).toBeLessThanOrEqual(103)
})

test('two names for one folder begin alike and are never the same', async () => {
  const folder = await dataFolder()
  const link = join(await temporaryFolder(), 'link')
  await symlink(folder.path, link)
  const [first, second] = [await nameSocket(folder), await nameSocket(await prepareDataFolder(link))]
  const hash = (path: string) => path.split('/').at(-1)?.split('-')[0]
  expect(hash(second.socketPath)).toBe(hash(first.socketPath))
  expect(second.socketPath).not.toBe(first.socketPath)
})

test('what is announced is listed until it is withdrawn', async () => {
  const folder = await dataFolder()
  const announcement = await announce(folder, await nameSocket(folder))
  expect(await listAnnouncements(folder)).toEqual([announcement])
  await withdraw(folder, announcement)
  expect(await listAnnouncements(folder)).toEqual([])
})

test('what seems dead is cleared away where this machine can tell', async () => {
  const folder = await dataFolder()
  const [near, far] = [
    await announce(folder, await nameSocket(folder)),
    await announce(folder, await nameSocket(folder)),
  ]
  await clearAway(folder, near)
  await clearAway(folder, { ...far, host: 'another.example' })
  expect(await listAnnouncements(folder)).toEqual([far])
})
