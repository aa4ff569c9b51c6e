import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openMongoChannel, openRedisChannel, streamNameOf } from '../../src/sinks/socket/packet-channel.ts'
import { openSocketSink } from '../../src/sinks/socket/socket-sink.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { databaseIdentity } from '../../src/store/database-identity.ts'
import { MongoOutbox } from '../../src/store/outbox.ts'
import { storeSocketPackets } from '../../src/store/socket-packets.ts'
import { runProgram } from '../support/billing-sync.ts'
import { commitChanges } from '../support/commits.ts'
import { openTestDatabase } from '../support/database.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { canaryEnvironment, noteLeaks } from '../support/leaks.ts'
import { openTestRedis } from '../support/redis-server.ts'
import { connectSupportClient, socketSecret } from '../support/support-client.ts'
import { untilStored } from '../support/until.ts'
import { newAccount, startLanes } from './conformance.ts'

const { client, db, uri } = await openTestDatabase()
await ensureCollections(db)
const database = await databaseIdentity(db)
const redis = await openTestRedis()
const root = fileURLToPath(new URL('../../', import.meta.url))
const patience = { timeout: 15_000, interval: 20 }

describe.each(['redis', 'mongodb'] as const)('with the adapter of %s', (through) => {
  const env = {
    MONGODB_URI: uri,
    SOCKET_SECRET: socketSecret,
    ...(through === 'redis' ? { REDIS_URL: redis.url } : {}),
  }

  /** Starts a process that serves Support clients, at a port of its own or the one given. */
  const startServing = async (port = 0) => {
    const args = ['test/sinks/serve-sockets.mjs']
    const settings = { ...env, ...canaryEnvironment, PORT: String(port) }
    const served = execa('node', args, { cwd: root, env: settings, reject: false })
    onTestFinished(async () => {
      served.kill('SIGKILL')
      noteLeaks({ args, env: settings, ...(await served) })
    })
    const bound = await new Promise<string>((resolve, reject) => {
      served.stdout.once('data', (text) => resolve(String(text).trim()))
      served.then(() => reject(new Error('the process ended at once')))
    })
    return { process: served, port: Number(bound), url: `http://127.0.0.1:${bound}` }
  }

  /** This process delivers what it commits. */
  const deliverHere = () => {
    const channel =
      through === 'redis'
        ? openRedisChannel(redis.url, streamNameOf(database))
        : openMongoChannel((packets) => storeSocketPackets(db, packets))
    return startLanes(openSocketSink(channel), new MongoOutbox(db))
  }

  // Of other accounts something may wait still: for the claim of a process that another test has killed.
  const untilDelivered = (account: string) =>
    untilStored(db.collection('billing.outbox'), { stripe_user_id: account, status: 'pending' }, 0)

  const commit = (account: string) =>
    commitChanges({ client, db, targets: { queue: 'mongodb', sockets: true } }, account, { charges: 3 })

  test('a client is told what another process replays', async () => {
    const { url } = await startServing()
    const account = newAccount()
    const support = await connectSupportClient(url, account)
    await support.ready()
    const lines = ['customer.created.endive', 'invoice.paid.endive'].map((name) =>
      JSON.stringify({ ...loadEvent(name), id: `evt_${through}${name.replace(/\W/g, '')}`, account }),
    )
    await runProgram(['replay', '-'], { env, stdin: 'pipe', input: lines.join('\n') })
    await expect.poll(() => support.events.map(([event]) => event), patience).toContain('support:message')
    const message = await db.collection('support.messages').findOne({ stripe_user_id: account })
    const told = new Map(support.events)
    expect(told.get('support:message')).toEqual(JSON.parse(JSON.stringify(message)))
    const contact = await db.collection('crm.contacts').findOne({ stripe_user_id: account })
    const place = {
      room_id: message?.room_id,
      conversation_id: message?.conversation_id,
      contact_id: contact?._id,
    }
    expect(told.get('support:room:create')).toEqual(place)
    expect(told.get('support:room:join')).toEqual(place)
    expect(support.notices().length).toBe(new Set(support.notices()).size)
  })

  test('a client that comes back is told what it missed, Redis emptied or not', async () => {
    const account = newAccount()
    const { url } = await startServing()
    deliverHere()
    const support = await connectSupportClient(url, account)
    await support.ready()
    await support.cutOff()
    const missed = [...(await commit(account)), ...(await commit(account))]
    await untilDelivered(account)
    const admin = new Redis(redis.url)
    await admin.flushall()
    admin.disconnect()
    await support.comeBack()
    expect(support.notices()).toEqual(missed)
    const ids = [...missed, ...(await commit(account))]
    await expect.poll(support.distinctNotices, patience).toEqual(ids)
  })

  test('a client of a killed process is told by its successor what it missed', async () => {
    const account = newAccount()
    const first = await startServing()
    deliverHere()
    const support = await connectSupportClient(first.url, account)
    await support.ready()
    const before = await commit(account)
    await expect.poll(support.notices, patience).toEqual(before)
    first.process.kill('SIGKILL')
    await first.process
    const missed = await commit(account)
    await startServing(first.port)
    await support.ready(2)
    expect(support.distinctNotices()).toEqual([...before, ...missed])
  })

  test("a frozen process's clients are told what was lost on the way", async () => {
    const account = newAccount()
    const { process: frozen, url } = await startServing()
    deliverHere()
    const support = await connectSupportClient(url, account)
    await support.ready()
    frozen.kill('SIGSTOP')
    const ids: string[] = []
    // The first is on the way to the frozen process already when Redis is emptied; the second is in Redis alone.
    for (let round = 0; round < 2; round += 1) {
      ids.push(...(await commit(account)))
      await untilDelivered(account)
    }
    const admin = new Redis(redis.url)
    await admin.flushall()
    admin.disconnect()
    frozen.kill('SIGCONT')
    await expect.poll(support.distinctNotices, patience).toEqual(ids)
  })
})
