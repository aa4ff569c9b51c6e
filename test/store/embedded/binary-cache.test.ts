import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fetchIntoCache, listCached } from '../../../src/store/embedded/binary-cache.ts'
import type { BinaryFetcher } from '../../../src/store/embedded/binary-fetcher.ts'
import { temporaryFolder } from './running-server.ts'

const writing = (text: string): BinaryFetcher => ({
  name: 'mongod-test',
  label: 'test',
  fetch: async ({ folder }) => {
    await writeFile(join(folder, 'program'), text)
    return { path: join(folder, 'program') }
  },
})

const request = (...cacheFolders: string[]) => ({
  cacheFolders,
  onProgress: () => {},
  signal: new AbortController().signal,
})

test('a fetched program is executable and nothing else stays', async () => {
  const cache = join(await temporaryFolder(), 'cache')
  const fetched = await fetchIntoCache(writing('program'), request(cache))
  expect(fetched).toEqual({ path: join(cache, 'mongod-test') })
  expect((await stat(join(cache, 'mongod-test'))).mode & 0o777).toBe(0o755)
  expect(await readdir(cache)).toEqual(['mongod-test'])
})

test('a failed fetch leaves nothing behind', async () => {
  const cache = await temporaryFolder()
  const failing: BinaryFetcher = {
    ...writing(''),
    fetch: async ({ folder }) => {
      await writeFile(join(folder, 'half'), 'half')
      return { problem: 'it broke' }
    },
  }
  expect(await fetchIntoCache(failing, request(cache))).toEqual({ problem: 'it broke' })
  expect(await readdir(cache)).toEqual([])
})

test('the program of one fetch replaces that of another whole', async () => {
  const cache = await temporaryFolder()
  const both = new EventTarget()
  const meeting = once(both, 'met')
  const waiting: BinaryFetcher = {
    ...writing('first'),
    fetch: async (fetch) => {
      const fetched = await writing('first').fetch(fetch)
      await meeting
      return fetched
    },
  }
  const first = fetchIntoCache(waiting, request(cache))
  expect(await fetchIntoCache(writing('second'), request(cache))).toEqual({
    path: join(cache, 'mongod-test'),
  })
  expect(await readFile(join(cache, 'mongod-test'), 'utf8')).toBe('second')
  both.dispatchEvent(new Event('met'))
  await first
  expect(await readFile(join(cache, 'mongod-test'), 'utf8')).toBe('first')
  expect(await readdir(cache)).toEqual(['mongod-test'])
})

test('a scratch folder that is gone by the time it is looked at does not matter', async () => {
  const cache = await temporaryFolder()
  // Listed, and not there: as another program's is that ends in between.
  await symlink('gone', join(cache, '.fetch-gone'))
  expect(await fetchIntoCache(writing('first'), request(cache))).toEqual({ path: join(cache, 'mongod-test') })
})

test('the second folder takes what the first cannot', async () => {
  const base = await temporaryFolder()
  await writeFile(join(base, 'file'), '')
  const [blocked, free] = [join(base, 'file', 'cache'), join(base, 'free')]
  expect(await fetchIntoCache(writing(''), request(blocked, free))).toEqual({
    path: join(free, 'mongod-test'),
  })
  expect(await fetchIntoCache(writing(''), request(blocked))).toEqual({
    problem: `cannot write to ${blocked}`,
  })
})

test('what a killed fetch left is cleared away a day later', async () => {
  const cache = await temporaryFolder()
  const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000)
  for (const name of ['.fetch-old', '.fetch-new']) await mkdir(join(cache, name))
  await utimes(join(cache, '.fetch-old'), yesterday, yesterday)
  await fetchIntoCache(writing(''), request(cache))
  expect((await readdir(cache)).sort()).toEqual(['.fetch-new', 'mongod-test'])
})

test('programs are listed by name, and a missing folder has none', async () => {
  const cache = await temporaryFolder()
  for (const name of ['mongod-b', 'mongod-a', 'redis-server']) await writeFile(join(cache, name), '')
  await chmod(cache, 0o700)
  expect(await listCached(cache, 'mongod-')).toEqual([join(cache, 'mongod-a'), join(cache, 'mongod-b')])
  expect(await listCached(join(cache, 'nowhere'), 'mongod-')).toEqual([])
})
