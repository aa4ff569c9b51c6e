// Connection strings with passwords, through a whole run with the trouble that quotes them elsewhere: a receiver that no
// longer takes the password, an event that fails for good, webhooks that are refused.

import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { runProgram } from '../../support/billing-sync.ts'
import { openTestDatabase } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { nameUser } from '../../support/named-user.ts'
import { openTestRedis } from '../../support/redis-server.ts'
import { webhookSecret as secret, startServeForTest } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { connectSupportClient, socketSecret } from '../../support/support-client.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until, untilStored } from '../../support/until.ts'
import { wholeDatabase } from '../../support/whole-database.ts'

const ofMongodb = 'sesame/of mongodb'
const ofRedis = 'sesame-of-redis'

const database = await openTestDatabase()
const redis = await openTestRedis()
const named = await nameUser(database, ofMongodb)
const outbox = database.db.collection('billing.outbox')
const events = database.db.collection('billing.events')

const protectRedis = async () => {
  const admin = new Redis(redis.url)
  const require = (password: string) => admin.config('SET', 'requirepass', password)
  onTestFinished(async () => {
    await require('')
    admin.disconnect()
  })
  await require(ofRedis)
  await admin.auth(ofRedis)
  const channels = async () => (await admin.pubsub('CHANNELS')).length
  return { require, channels, cutOff: () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes') }
}

const tooDeep = JSON.parse(`${'{"a":'.repeat(95)}1${'}'.repeat(95)}`)

test('passwords of connection strings are told and stored nowhere', async () => {
  const admin = await protectRedis()
  const settings = {
    ...{ MONGODB_URI: named, REDIS_URL: redis.url.replace('://', `://:${ofRedis}@`) },
    ...{ SOCKET_SECRET: socketSecret, LOG_LEVEL: 'trace' },
  }
  const serve = await startServeForTest({ uri: null, env: settings, args: ['--dashboard'] })
  const endpoint = { url: serve.webhooks, secret }
  const told: string[] = []
  const send = async (event: object, signedBy = secret) => {
    const [result] = await deliver([{ ...event }], { ...endpoint, secret: signedBy })
    told.push(result?.body ?? '')
  }
  const look = async (path: string): Promise<string> => {
    const text = await (await fetch(`${serve.url}${path}`)).text()
    told.push(text)
    return text
  }
  const support = await connectSupportClient(serve.url, numberedEvent(1).account ?? '')
  await support.ready()

  // Both take their password.
  await send(numberedEvent(1))
  await untilStored(events, { status: 'done' })
  await untilStored(outbox, { status: 'pending' }, 0)
  await until(() => support.notices().length > 0, 'a notice')
  await until(async () => (await look('/readyz')) === '{"ready":true,"degraded":[]}', 'a serve that is ready')

  // Redis no longer does.
  await admin.require('another')
  await admin.cutOff()
  await send(numberedEvent(2))
  await until(async () => (await look('/readyz')).includes('redis_unavailable'), 'a Redis that refuses')
  await send(numberedEvent(3, { changes: { metadata: tooDeep } }))
  await untilStored(events, { status: 'dead', 'error.code': 'payload_unstorable' })
  await send(numberedEvent(4), 'whsec_of_somebody_else')
  await send({ ...numberedEvent(1), type: 'charge.updated' })
  for (const path of ['/healthz', '/readyz', '/metrics', '/nowhere']) await look(path)

  // It does again.
  await admin.require(ofRedis)
  await untilStored(outbox, { status: 'pending' }, 0)
  const { exitCode, stdout, stderr } = await serve.stop()
  expect(exitCode).toBe(0)
  expect(stderr).toContain('"code":"sink_unavailable"')

  const file = await temporaryFolder({ 'a.json': JSON.stringify(numberedEvent(5)) })
  const replay = await runProgram(['replay', file], { env: settings })
  expect(replay).toMatchObject({ exitCode: 0 })
  await database.db.command({ updateUser: 'ann', pwd: 'another' })
  onTestFinished(async () => {
    await database.db.command({ updateUser: 'ann', pwd: ofMongodb })
  })
  const refused = await runProgram(['replay', file], { env: settings })
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' })

  const outputs = [stdout, stderr, ...told, ...[replay, refused].flatMap((run) => [run.stdout, run.stderr])]
  const everything = JSON.stringify([outputs, await wholeDatabase(database.db)])
  for (const password of [ofMongodb, encodeURIComponent(ofMongodb), ofRedis])
    expect(everything).not.toContain(password)
  expect(everything).toContain('payload_unstorable')
})

test('a Redis that does not take the password at the first connection ends nothing, and is told without it', async () => {
  const admin = await protectRedis()
  const serve = await startServeForTest({
    uri: named,
    env: { REDIS_URL: redis.url.replace('://', '://:sesame-of-nobody@'), SOCKET_SECRET: socketSecret },
  })
  const degraded = async () => await (await fetch(`${serve.url}/readyz`)).text()
  await until(async () => (await degraded()).includes('redis_unavailable'), 'a Redis that refuses')
  await admin.require('sesame-of-nobody')
  await until(async () => (await degraded()) === '{"ready":true,"degraded":[]}', 'a Redis that takes it')
  await until(async () => (await admin.channels()) > 0, 'the subscription of the adapter')
  const { exitCode, stdout, stderr } = await serve.stop()
  expect([exitCode, stdout]).toEqual([0, ''])
  expect(stderr).not.toContain('sesame')
})
