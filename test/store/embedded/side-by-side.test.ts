import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import type { BillingSyncError } from '../../../src/errors.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { awaitNoSupervisor, testEnvironment } from '../../support/embedded-environment.ts'
import { isRunning, mongodsOf, watchersOf } from './process-tree.ts'
import {
  mongodPid,
  open,
  supervisorPid,
  temporaryFolder,
  temporaryServer,
  withClient,
} from './running-server.ts'
import { startHolder } from './server-holder.ts'

/** Covers a mongod's clean end and its restart on a machine that is busy with other tests. */
const patience = { timeout: 25_000, interval: 50 }

const untilGone = (pid: number) =>
  vi.waitFor(async () => expect(await isRunning(pid), `process ${pid}`).toBe(false), patience)

const count = (uri: string) =>
  withClient(uri, (client) => client.db('side').collection('notes').countDocuments())

const insert = (uri: string) =>
  withClient(uri, (client) => client.db('side').collection('notes').insertOne({}))

test('commands that start at once share one server', async () => {
  const options = await temporaryServer()
  const holders = await Promise.all([1, 2, 3].map(() => startHolder(options)))
  expect(new Set(holders.map(({ uri }) => uri)).size).toBe(1)
  expect(await mongodsOf(options.dataFolder)).toHaveLength(1)
  await Promise.all(holders.map(({ leave }) => leave()))
  await awaitNoSupervisor(options.dataFolder)
  expect(await mongodsOf(options.dataFolder)).toEqual([])
})

test('a kill of the starting command leaves the server to the others', async () => {
  const options = await temporaryServer()
  const starter = await startHolder(options)
  const joined = await open(options)
  const pid = await mongodPid(joined.uri)
  await starter.kill()
  await insert(joined.uri)
  expect(await mongodPid(joined.uri)).toBe(pid)
  expect(await isRunning(await supervisorPid(options.dataFolder))).toBe(true)
})

test('a kill of the last command leaves nothing running or locked', async () => {
  const options = await temporaryServer()
  const holder = await startHolder(options)
  await insert(holder.uri)
  const pids = [await mongodPid(holder.uri), await supervisorPid(options.dataFolder)]
  await holder.kill()
  for (const pid of pids) await untilGone(pid)
  const next = await open(options)
  expect(await count(next.uri)).toBe(1)
})

test('a command killed while it starts the server leaves nothing running', async () => {
  const options = await temporaryServer()
  const script = fileURLToPath(new URL('hold-server.mjs', import.meta.url))
  const starter = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: 'pipe' })
  onTestFinished(() => void starter.kill('SIGKILL'))
  await vi.waitFor(async () => expect(await mongodsOf(options.dataFolder)).toHaveLength(1), patience)
  starter.kill('SIGKILL')
  await vi.waitFor(async () => expect(await mongodsOf(options.dataFolder)).toEqual([]), patience)
  await awaitNoSupervisor(options.dataFolder)
})

test('a killed supervisor takes its mongod along and both come back', async () => {
  const options = await temporaryServer()
  const held = await open(options)
  await insert(held.uri)
  const [mongod, supervisor] = [await mongodPid(held.uri), await supervisorPid(options.dataFolder)]
  process.kill(supervisor, 'SIGKILL')
  await untilGone(mongod)
  await insert(held.uri)
  expect(await count(held.uri)).toBe(2)
  expect(await mongodPid(held.uri)).not.toBe(mongod)
  expect(await mongodsOf(options.dataFolder)).toHaveLength(1)
})

test('a supervisor killed with its only command leaves no mongod', async () => {
  const options = await temporaryServer()
  const holder = await startHolder(options)
  const [mongod, supervisor] = [await mongodPid(holder.uri), await supervisorPid(options.dataFolder)]
  await holder.kill()
  process.kill(supervisor, 'SIGKILL')
  await untilGone(mongod)
  const next = await open(options)
  expect(await supervisorPid(options.dataFolder)).not.toBe(supervisor)
  await next.release()
})

test('a mongod that lost its guards is ended by the next command', async () => {
  const options = await temporaryServer()
  const holder = await startHolder(options)
  await insert(holder.uri)
  const [mongod, supervisor] = [await mongodPid(holder.uri), await supervisorPid(options.dataFolder)]
  process.kill(supervisor, 'SIGSTOP') // it would start another mongod when its shell dies
  for (const watcher of await watchersOf(mongod)) process.kill(watcher, 'SIGKILL')
  await holder.kill()
  process.kill(supervisor, 'SIGKILL')
  await untilGone(supervisor)
  expect(await isRunning(mongod)).toBe(true)
  const next = await open(options)
  expect(await isRunning(mongod)).toBe(false)
  expect(await count(next.uri)).toBe(1)
})

test('a server that lost its announcement is not taken from its users', async () => {
  const options = await temporaryServer()
  const held = await open(options)
  const [mongod, supervisor] = [await mongodPid(held.uri), await supervisorPid(options.dataFolder)]
  const announcements = join(options.dataFolder, 'supervisors')
  for (const name of await readdir(announcements)) await rm(join(announcements, name))
  await expect(open(options)).rejects.toMatchObject({
    code: 'mongod_failed',
    message: expect.stringContaining(`process ${supervisor} runs it, but can't be reached`),
  })
  expect(await mongodPid(held.uri)).toBe(mongod)
  await held.release()
  await untilGone(mongod)
})

test('a killed mongod comes back at the same address with its data', async () => {
  const options = await temporaryServer()
  const held = await open(options)
  await insert(held.uri)
  const mongod = await mongodPid(held.uri)
  process.kill(mongod, 'SIGKILL')
  await untilGone(mongod)
  expect(await count(held.uri)).toBe(1)
  expect(await mongodPid(held.uri)).not.toBe(mongod)
})

/** Has the server of a data folder come back elsewhere: its port is taken as soon as it has let go of it. */
const displace = async (dataFolder: string, port: number): Promise<void> => {
  process.kill(await supervisorPid(dataFolder), 'SIGKILL')
  const squatter = createServer((socket) => void socket.destroy())
  onTestFinished(() => void squatter.close())
  // mongod closes its port about a second before it has closed its files, and only then another one starts.
  squatter.on('error', () => setTimeout(() => squatter.listen({ host: '127.0.0.1', port }), 5))
  squatter.listen({ host: '127.0.0.1', port })
}

test('a server that comes back elsewhere is reported as lost', async () => {
  const lost = new EventEmitter<{ lost: [BillingSyncError] }>()
  const options = await temporaryServer()
  const held = await open({ ...options, onLost: (error) => lost.emit('lost', error) })
  const port = Number(new URL(held.uri).port)
  const losing = once(lost, 'lost')
  await displace(options.dataFolder, port)
  const [{ code, message }] = await losing
  expect({ code, message }).toEqual({
    code: 'mongod_failed',
    message: expect.stringContaining('its port was taken'),
  })
  const next = await open(options)
  expect(new URL(next.uri).port).not.toBe(String(port))
})

test('who has opened the database is told that its server is lost', async () => {
  const lost = new EventEmitter<{ lost: [BillingSyncError] }>()
  const folder = await temporaryFolder()
  const dataFolder = join(folder, '.billing-sync')
  onTestFinished(() => awaitNoSupervisor(dataFolder))
  const config = { ...(await loadConfig({}, folder)), mongodbUri: undefined, environment: testEnvironment() }
  const listener = { onProgress: () => undefined, onEmbedded: () => undefined }
  const { client, close } = await openDatabase(config, {
    ...listener,
    onLost: (error) => lost.emit('lost', error),
  })
  onTestFinished(close)
  const losing = once(lost, 'lost')
  await displace(dataFolder, client.options.hosts[0]?.port ?? 0)
  expect(await losing).toMatchObject([{ code: 'mongod_failed' }])
})

test('a shell killed between supervisor and mongod costs a restart only', async () => {
  const options = await temporaryServer()
  const held = await open(options)
  await insert(held.uri)
  const mongod = await mongodPid(held.uri)
  const [parent] = await watchersOf(mongod)
  process.kill(parent ?? Number.NaN, 'SIGKILL')
  await untilGone(mongod)
  expect(await count(held.uri)).toBe(1)
  expect(await mongodsOf(options.dataFolder)).toHaveLength(1)
})
