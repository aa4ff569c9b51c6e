import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { runEmbeddedServer } from '../../../src/store/embedded/embedded-server.ts'
import { replicaSetName } from '../../../src/store/embedded/mongod-process.ts'
import type { RunningServer } from '../../../src/store/embedded/supervisor-protocol.ts'
import { testEnvironment } from '../../support/embedded-environment.ts'
import { mongodsOf } from './process-tree.ts'
import { mongodPid, temporaryFolder, wrapMongod } from './running-server.ts'

const environment = testEnvironment()

/** Runs a server in this process, without a supervisor; `use` gets it each time it is ready. */
const run = async (options: {
  readonly mongodPath?: string
  readonly use?: (server: RunningServer, end: () => void) => unknown
}) => {
  const folder = await prepareDataFolder(join(await temporaryFolder(), 'data'))
  const ending = new AbortController()
  const deaths: string[] = []
  const running = runEmbeddedServer({
    folder,
    settings: {
      dataFolder: folder.path,
      environment,
      mongodPath: options.mongodPath,
      testCommands: false,
      extraParameters: {},
      lingerMs: 0,
    },
    onProgress: () => {},
    onReady: (server) => void options.use?.(server, () => ending.abort()),
    onDeath: (reason) => deaths.push(reason),
    signal: ending.signal,
  })
  return { folder, running, deaths }
}

test('a server runs until it is told to end, then ends cleanly', async () => {
  const { folder, running, deaths } = await run({ use: (_, end) => end() })
  await running
  expect(deaths).toEqual([])
  expect(await mongodsOf(folder.path)).toEqual([])
})

test('a mongod that dies four times in a minute is given up', async () => {
  const use = async ({ uri }: RunningServer) => process.kill(await mongodPid(uri), 'SIGKILL')
  const { running, deaths, folder } = await run({ use })
  await expect(running).rejects.toMatchObject({
    code: 'mongod_failed',
    message: `The embedded MongoDB in ${folder.path} can't be used: mongod was ended by signal 9; see ${folder.mongodLog}, or set MONGODB_URI to use another server`,
  })
  expect(deaths).toEqual(Array(3).fill('mongod was ended by signal 9'))
})

test('a mongod that ends too early is an error with its code', async () => {
  const { running } = await run({ mongodPath: await wrapMongod('exit 14') })
  await expect(running).rejects.toThrow('mongod ended with code 14')
})

test('a mongod that finds its port taken is given another one', async () => {
  const folder = await temporaryFolder()
  const script = `[ -e ${folder}/tried ] || { touch ${folder}/tried; exit 48; }\nexec MONGOD "$@"`
  const { running, deaths } = await run({ mongodPath: await wrapMongod(script), use: (_, end) => end() })
  await running
  expect(deaths).toEqual([])
})

test('whoever takes its port before mongod does is left alone', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'theirs'))
  // Theirs has the name of our set, as that of another data folder would, and waits to be told its members.
  const taken = `MONGOD --dbpath ${folder}/theirs --bind_ip 127.0.0.1 --port "$port" --replSet ${replicaSetName} --fork --logpath ${folder}/log --pidfilepath ${folder}/pid`
  const script = `[ -e ${folder}/port ] || {
    port=$(echo "$*" | sed 's/.*--port \\([0-9]*\\).*/\\1/')
    ${taken} && echo "$port" > ${folder}/port
  }
  exec MONGOD "$@"`
  let uri = ''
  const { running, deaths } = await run({
    mongodPath: await wrapMongod(script),
    use: (server, end) => {
      uri = server.uri
      end()
    },
  })
  await running
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  onTestFinished(() => void process.kill(pid, 'SIGKILL'))
  const theirs = await readFile(join(folder, 'port'), 'utf8')
  expect(deaths).toEqual([])
  expect(new URL(uri).port).not.toBe(theirs.trim())
  const client = new MongoClient(`mongodb://127.0.0.1:${theirs.trim()}/?directConnection=true`)
  onTestFinished(() => client.close())
  await expect(client.db('admin').command({ replSetGetStatus: 1 })).rejects.toMatchObject({
    codeName: 'NotYetInitialized',
  })
})
