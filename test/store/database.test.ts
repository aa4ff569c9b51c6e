import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { BillingSyncError } from '../../src/errors.ts'
import { collectionIndexes } from '../../src/store/collections.ts'
import { seededCurrencies } from '../../src/store/currencies.ts'
import { type Database, explaining, openDatabase } from '../../src/store/database.ts'
import { findMongodBinary } from '../../src/store/embedded/mongod-binary.ts'
import { openTestDatabase } from '../support/database.ts'
import { testEnvironment } from '../support/embedded-environment.ts'
import { makeServerFolder } from '../support/server-folder.ts'

const { db: expected, uri } = await openTestDatabase()
const silent = { onProgress: () => undefined, onEmbedded: () => undefined }

const open = async (mongodbUri: string): Promise<Database> =>
  openDatabase(await loadConfig({ mongodbUri }, tmpdir()), silent)

const opened = async (mongodbUri: string): Promise<Database> => {
  const database = await open(mongodbUri)
  onTestFinished(() => database.close())
  return database
}

const refusal = async (mongodbUri: string): Promise<BillingSyncError> => {
  const error = await open(mongodbUri).catch((thrown: unknown) => thrown)
  if (!(error instanceof BillingSyncError)) throw new TypeError(`expected a refusal, got ${String(error)}`)
  return error
}

/** The run's server under another path or with other options. */
const uriWith = (change: (given: URL) => void): string => {
  const changed = new URL(uri)
  change(changed)
  return changed.href
}

describe('openDatabase', () => {
  test('opens the database of the path with collections and currencies in place', async () => {
    const { db } = await opened(uri)
    expect(db.databaseName).toBe(expected.databaseName)
    const names = (await expected.listCollections().toArray()).map(({ name }) => name)
    expect(names.sort()).toEqual(Object.keys(collectionIndexes).sort())
    expect(await expected.collection('currency').countDocuments()).toBe(seededCurrencies.length)
  })

  test('opens nothing once a signal came', async () => {
    const config = await loadConfig({ mongodbUri: uri }, tmpdir())
    const opening = openDatabase(config, silent, { readOnly: true, signal: AbortSignal.abort() })
    await expect(opening).rejects.toMatchObject({
      code: 'mongodb_unavailable',
      details: { reason: 'a signal ended the wait' },
    })
  })

  test('writes durably: by a majority and into the journal', async () => {
    const { client } = await opened(uri)
    expect(client.options.writeConcern).toMatchObject({ w: 'majority', journal: true })
  })

  test('reads and writes as promised whatever the connection string says', async () => {
    const weak = {
      w: '0',
      journal: 'false',
      readPreference: 'secondaryPreferred',
      readConcernLevel: 'available',
    }
    const { client } = await opened(
      uriWith(({ searchParams }) => {
        for (const [name, value] of Object.entries(weak)) searchParams.set(name, value)
      }),
    )
    expect(client.options.writeConcern).toMatchObject({ w: 'majority', journal: true })
    expect([client.options.readPreference.mode, client.options.readConcern.level]).toEqual([
      'primary',
      'local',
    ])
  })

  test.each([
    ['billing_sync', '/'],
    ['billing_sync', ''],
    ['test', '/test'],
  ])('names the database %s for the path %j', async (name, path) => {
    const { db } = await opened(uriWith((given) => (given.pathname = path)))
    expect(db.databaseName).toBe(name)
  })

  test('lets the connection string have its own options', async () => {
    const given = uriWith(({ searchParams }) => searchParams.set('appName', 'support-desk'))
    const { client } = await opened(given)
    expect(client.options).toMatchObject({ appName: 'support-desk', serverSelectionTimeoutMS: 10_000 })
  })
})

describe('a connection string that cannot be used', () => {
  test.each([
    ['mongodb://user:sekret/word@host/x'],
    ['mongodb://user:sekret@host:99999/x'],
    ['mongodb://user:sekret@host/x?nonsense=1'],
    ['mongodb://user:sekret@host/x?tls=maybe'],
    ['mongodb+srv://user:sekret@host:1/x'],
    ['mongodb://user:sekret@'],
  ])('is refused without quoting its password: %s', async (given) => {
    const error = await refusal(given)
    expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
    expect(error.message).toMatch(/^--mongodb-uri: expected a MongoDB connection string/)
    expect(error.message).not.toContain('sekret')
  })

  test('is refused when the server does not know its user', async () => {
    const error = await refusal(
      uriWith((given) => Object.assign(given, { username: 'nobody', password: 'sekret' })),
    )
    expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
    expect(error.message).toContain('--mongodb-uri')
    expect(error.message).not.toMatch(/sekret|nobody/)
  })

  test.each(['/a$b', '/a.b'])('is refused when %s is no database name', async (path) => {
    const error = await refusal(uriWith((given) => (given.pathname = path)))
    expect(error.code).toBe('config_invalid')
    expect(error.message).toContain('database name')
  })
})

describe('a file that the connection string names', () => {
  test.each([
    ['tlsCAFile', '/nowhere/ca.pem', 'ENOENT'],
    ['tlsCertificateKeyFile', '/', 'EISDIR'],
  ])('is told where it cannot be read: %s', async (option, path, reason) => {
    const error = await refusal(`mongodb://user:sekret@127.0.0.1:1/x?tls=true&${option}=${path}`)
    expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
    expect(error.message).toBe(`--mongodb-uri: a file that it names cannot be read (${reason})`)
  })
})

test('a certificate that is none is named as the reason', async () => {
  const certificate = fileURLToPath(import.meta.url)
  const options = `tls=true&tlsCertificateKeyFile=${certificate}&serverSelectionTimeoutMS=300`
  const { code, message } = await refusal(`mongodb://127.0.0.1:1/x?${options}`)
  expect(code).toBe('mongodb_unavailable')
  expect(message).toContain('at 127.0.0.1:1 (ERR_OSSL_PEM_NO_START_LINE);')
})

describe('a database that cannot be used', () => {
  test.each(['/admin', '/local', '/config'])("is refused where %s is the server's own", async (path) => {
    const { code, message } = await refusal(uriWith((given) => Object.assign(given, { pathname: path })))
    expect(code).toBe('config_invalid')
    expect(message).toMatch(/^--mongodb-uri: the database \w+ is the server's own/)
  })

  test('is refused where its name differs from that of another by case alone', async () => {
    const other = uriWith((given) =>
      Object.assign(given, { pathname: `/${expected.databaseName.toUpperCase()}` }),
    )
    const { code, exitCode, message } = await refusal(other)
    expect([code, exitCode]).toEqual(['config_invalid', 2])
    expect(message).toMatch(/^(--mongodb-uri|MONGODB_URI): .* by upper and lower case alone$/)
  })
})

describe('a server that does not answer', () => {
  test('is an outage within the time that is given', async () => {
    const unused = createServer().listen(0, '127.0.0.1')
    await once(unused, 'listening')
    const address = unused.address()
    const port = typeof address === 'object' ? address?.port : null
    await new Promise((closed) => unused.close(closed))
    const error = await refusal(`mongodb://user:sekret@127.0.0.1:${port}/x?serverSelectionTimeoutMS=300`)
    expect([error.code, error.exitCode, error.retryable]).toEqual(['mongodb_unavailable', 1, true])
    expect(error.message).toContain(`no server could be selected at 127.0.0.1:${port} (ECONNREFUSED);`)
    expect(error.message).not.toMatch(/sekret|user/)
  })

  test('is an outage where its name has no address', async () => {
    const error = await refusal('mongodb+srv://user:sekret@nowhere.invalid/x?serverSelectionTimeoutMS=300')
    expect([error.code, error.exitCode]).toEqual(['mongodb_unavailable', 1])
    expect(error.message).not.toContain('sekret')
  })
})

test('a server that is no replica set is refused, saying what to do', async () => {
  const uri = await startStandalone()
  const error = await refusal(uri)
  expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
  expect(error.message).toContain('--replSet')
  // Asked for a set by name, the driver passes over a server that is none.
  const asMember = await refusal(`${uri}?replicaSet=rs0&serverSelectionTimeoutMS=500`)
  expect(asMember.code).toBe('mongodb_unavailable')
  expect(asMember.message).toContain(
    `no member of the replica set "rs0" was found at ${new URL(uri).host}; check`,
  )
})

const startStandalone = async (): Promise<string> => {
  const folder = await makeServerFolder('standalone')
  const environment = testEnvironment()
  const { path } = await findMongodBinary({
    environment,
    cacheFolders: [join(environment.cacheFolder, 'billing-sync')],
    onProgress: () => undefined,
    signal: AbortSignal.timeout(60_000),
  })
  const args = ['--dbpath', folder, '--bind_ip', '127.0.0.1', '--port', '0', '--nounixsocket']
  const mongod = spawn(path, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(async () => {
    mongod.kill('SIGKILL')
    await once(mongod, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  return `mongodb://127.0.0.1:${await portOf(mongod.stdout)}/x`
}

// Given port 0, mongod takes a free one and tells it in its log.
const portOf = async (log: NodeJS.ReadableStream): Promise<number> => {
  for await (const line of createInterface({ input: log })) {
    const { msg, attr }: { msg: string; attr?: { port?: number } } = JSON.parse(line)
    if (msg === 'Waiting for connections') return attr?.port ?? 0
  }
  throw new Error('mongod ended before it listened')
}

test('what work throws is told with what is known of its cause', async () => {
  const thrown = new RangeError('of the work')
  const work = () => Promise.reject(thrown)
  await expect(explaining({ explain: async (error) => [error] }, work)).rejects.toEqual([thrown])
})
