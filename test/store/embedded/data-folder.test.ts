import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { temporaryFolder } from './running-server.ts'

test('a missing folder is made with its parents for its owner only', async () => {
  const path = join(await temporaryFolder(), 'some', 'where', 'data')
  const folder = await prepareDataFolder(path)
  expect(folder.path).toBe(path)
  for (const made of [folder.path, folder.database, folder.announcements]) {
    expect((await stat(made)).mode & 0o777).toBe(0o700)
  }
})

test('the data stays out of commits of the working directory', async () => {
  const { path } = await prepareDataFolder(join(await temporaryFolder(), 'data'))
  expect(await readFile(join(path, '.gitignore'), 'utf8')).toBe('*\n')
})

test('a folder reached over a link has its real path', async () => {
  const base = await temporaryFolder()
  await mkdir(join(base, 'real'))
  await symlink(join(base, 'real'), join(base, 'link'))
  const folder = await prepareDataFolder(join(base, 'link'))
  expect(folder.database).toBe(join(base, 'real', 'mongodb'))
})

test('what lies in an existing folder stays as it is', async () => {
  const base = await temporaryFolder()
  const first = await prepareDataFolder(base)
  await writeFile(first.port, '4711')
  expect(await prepareDataFolder(base)).toEqual(first)
  expect((await stat(first.port)).size).toBe(4)
})

test.each([
  ['below a file', 'data', 'ENOTDIR'],
  ['in place of which a file lies', '', 'EEXIST'],
])('a folder %s is refused as what the working directory is to blame for', async (_where, below, code) => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const path = join(file, below)
  await expect(prepareDataFolder(path)).rejects.toMatchObject({
    code: 'config_invalid',
    exitCode: 2,
    message: expect.stringContaining(
      `working directory: the embedded MongoDB can't keep its data in ${path} (${code}: `,
    ),
    cause: { code },
  })
})

test('a folder that has no room to be written is trouble of the server', async () => {
  const path = await temporaryFolder()
  await symlink('/dev/full', join(path, '.gitignore'))
  await expect(prepareDataFolder(path)).rejects.toMatchObject({
    code: 'mongod_failed',
    exitCode: 1,
    message: expect.stringContaining(`in ${path} can't be used: the folder can't be written (ENOSPC: `),
  })
})
