import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import {
  type EmbeddedMongodOptions,
  openEmbeddedMongod,
} from '../../../src/store/embedded/embedded-mongod.ts'
import { awaitNoSupervisor } from '../../support/embedded-environment.ts'
import { isRunning } from './process-tree.ts'
import {
  mongodPid,
  open,
  supervisorPid,
  supervisorState,
  temporaryFolder,
  temporaryServer,
  withClient,
  wrapMongod,
} from './running-server.ts'

const notes = 'billing_sync.notes'

/** A machine busy with other tests is slow; what is waited for lasts about as long as mongod takes to end. */
const patience = { timeout: 25_000, interval: 20 }

const writeNote = (uri: string, text: string) =>
  withClient(uri, (client) => client.db().collection(notes).insertOne({ text }))

const readNotes = (uri: string) =>
  withClient(uri, async (client) =>
    (await client.db().collection(notes).find().toArray()).map(({ text }) => text),
  )

const runOnce = async <Result>(options: EmbeddedMongodOptions, use: (uri: string) => Promise<Result>) => {
  const mongod = await open(options)
  const result = await use(mongod.uri)
  await mongod.release()
  await awaitNoSupervisor(mongod.dataFolder)
  return result
}

test('data lasts from one run to the next', async () => {
  const options = await temporaryServer()
  await runOnce(options, (uri) => writeNote(uri, 'first run'))
  expect(await runOnce(options, readNotes)).toEqual(['first run'])
})

test.skipIf(process.platform !== 'linux')(
  'its processes know the variables given and no others',
  async () => {
    const variables = { PATH: process.env.PATH, KEPT: 'for pip' }
    const mongod = await open(await temporaryServer({ variables }))
    for (const pid of [await supervisorPid(mongod.dataFolder), await mongodPid(mongod.uri)]) {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
      const known = environment.split('\0').filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=|^$/.test(line))
      expect(known.sort()).toEqual(['KEPT=for pip', `PATH=${process.env.PATH}`])
    }
  },
)

test('a replica set of one serves transactions and change streams on loopback', async () => {
  const mongod = await open(await temporaryServer())
  await withClient(mongod.uri, async (client) => {
    const stream = client.db().watch()
    const seen = stream.next()
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await client.db().collection(notes).insertOne({ text: 'committed' }, { session })
      }),
    )
    expect(await seen).toMatchObject({ operationType: 'insert', fullDocument: { text: 'committed' } })
    await stream.close()
    const { parsed } = await client.db('admin').command({ getCmdLineOpts: 1 })
    expect(parsed.net).toMatchObject({ bindIp: '127.0.0.1', unixDomainSocket: { enabled: false } })
    expect(parsed.setParameter).toMatchObject({ transactionLifetimeLimitSeconds: '8' })
    expect(parsed.setParameter).not.toHaveProperty('enableTestCommands')
  })
  await mongod.release()
})

test('parameters that are asked for reach the server', async () => {
  const extraParameters = { ttlMonitorSleepSecs: '1' }
  const mongod = await open(await temporaryServer({ testCommands: true, extraParameters }))
  const read = { getParameter: 1, ttlMonitorSleepSecs: 1, enableTestCommands: 1 }
  const parameters = await withClient(mongod.uri, (client) => client.db('admin').command(read))
  expect(parameters).toMatchObject({ ttlMonitorSleepSecs: 1, enableTestCommands: true })
  await mongod.release()
})

test('the server ends after its last holder has released it', async () => {
  const options = await temporaryServer()
  const first = await open(options)
  const roundabout = join(options.dataFolder, 'mongodb', '..')
  const second = await open({ ...options, dataFolder: roundabout })
  expect(second).toMatchObject({ uri: first.uri, dataFolder: first.dataFolder })
  const pid = await mongodPid(first.uri)
  await first.release()
  await first.release()
  expect(await mongodPid(second.uri)).toBe(pid)
  await second.release()
  await awaitNoSupervisor(options.dataFolder)
  expect(await isRunning(pid)).toBe(false)
})

test('a lingering server is joined by the next command', async () => {
  const options = await temporaryServer({ lingerMs: 2000 })
  const first = await open(options)
  const pid = await mongodPid(first.uri)
  await first.release()
  const second = await open(options)
  expect(await mongodPid(second.uri)).toBe(pid)
  await second.release()
})

test('a server that is just stopping is waited for and started anew', async () => {
  const options = await temporaryServer()
  const first = await open(options)
  const pid = await mongodPid(first.uri)
  await first.release()
  await expect.poll(() => supervisorState(options.dataFolder), patience).toBe('stopping')
  const second = await open(options)
  expect(await mongodPid(second.uri)).not.toBe(pid)
  expect(second.uri).toBe(first.uri)
  await second.release()
})

test('a taken port moves the server and keeps its data', async () => {
  const options = await temporaryServer()
  const port = await runOnce(options, async (uri) => {
    await writeNote(uri, 'before')
    return Number(new URL(uri).port)
  })
  const squatter = createServer((socket) => socket.destroy()).listen({ host: '127.0.0.1', port })
  await runOnce(options, async (uri) => {
    expect(new URL(uri).port).not.toBe(String(port))
    await writeNote(uri, 'after')
    expect(await readNotes(uri)).toEqual(['before', 'after'])
  })
  squatter.close()
})

test('a command that never releases ends all the same', async () => {
  const options = await temporaryServer()
  const module = new URL('../../../dist/store/embedded/embedded-mongod.js', import.meta.url)
  const program = `const { openEmbeddedMongod } = await import('${module.href}')
    console.log((await openEmbeddedMongod(${JSON.stringify(options)})).uri)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  expect(stdout).toMatch(/^mongodb:\/\/127\.0\.0\.1:\d+\/\?replicaSet=billing-sync\n$/)
})

test('a pipe of the caller beyond the standard streams ends with the command', async () => {
  const options = { ...(await temporaryServer()), lingerMs: 3_000 }
  const module = new URL('../../../dist/store/embedded/embedded-mongod.js', import.meta.url)
  const program = `const { openEmbeddedMongod } = await import('${module.href}')
    await openEmbeddedMongod(${JSON.stringify(options)})`
  // As bash's own `>(…)` does: a number beyond a gap.
  const typed = 'exec 63>&3 3>&-; exec "$0" --input-type=module -e "$1"'
  const command = spawn('bash', ['-c', typed, process.execPath, program], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const read = text(command.stdio[3] as Readable) // a pipe
  expect(await once(command, 'exit')).toEqual([0, null])
  await read
  expect(await supervisorState(options.dataFolder)).toBe('serving')
})

test('a data folder that cannot be made is one clear error', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const options = await temporaryServer()
  const opening = openEmbeddedMongod({ ...options, dataFolder: join(file, 'data') })
  await expect(opening).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(
      /can't keep its data in .* \(ENOTDIR.*; remove the file in its way, or set/,
    ),
  })
})

test('a damaged database is reported in the words of mongod', async () => {
  const options = await temporaryServer()
  await runOnce(options, (uri) => writeNote(uri, 'soon unreadable'))
  await writeFile(join(options.dataFolder, 'mongodb', 'WiredTiger.turtle'), 'damaged')
  await expect(openEmbeddedMongod(options)).rejects.toMatchObject({
    code: 'mongod_failed',
    message: expect.stringMatching(/mongod (ended with code|was ended by signal) \d+: .*WiredTiger/),
  })
})

const endedWait = { code: 'mongodb_unavailable', details: { reason: 'a signal ended the wait' } }

test('a signal ends the wait for a server that does not come up, which ends with it', async () => {
  // It ends by itself before a test that waits for it would.
  const options = await temporaryServer({ mongodPath: await wrapMongod('exec sleep 20') })
  const stopped = new AbortController()
  const onProgress = () => stopped.abort()
  const opening = openEmbeddedMongod({ ...options, signal: stopped.signal, onProgress })
  await expect(opening).rejects.toMatchObject(endedWait)
  await awaitNoSupervisor(options.dataFolder)
})

test('a signal that came before starts nothing', async () => {
  const told: string[] = []
  const opening = openEmbeddedMongod({
    ...(await temporaryServer()),
    signal: AbortSignal.abort(),
    onProgress: (text) => told.push(text),
  })
  await expect(opening).rejects.toMatchObject(endedWait)
  expect(told).toEqual([])
})

test('a signal that comes once the server is there leaves it alone', async () => {
  const stopped = new AbortController()
  const mongod = await open({ ...(await temporaryServer()), signal: stopped.signal })
  stopped.abort()
  expect(await readNotes(mongod.uri)).toEqual([])
})

test('a named program that cannot run is a configuration error', async () => {
  const options = await temporaryServer({ mongodPath: '/nowhere/mongod' })
  await expect(openEmbeddedMongod(options)).rejects.toMatchObject({
    code: 'config_invalid',
    exitCode: 2,
    message: 'BILLING_SYNC_MONGOD: expected a MongoDB server program, but /nowhere/mongod is not there',
  })
})
