import { tmpdir } from 'node:os'
import { UnsecuredJWT } from 'jose'
import { io } from 'socket.io-client'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { openMongoAdapter } from '../../../src/sinks/socket/adapters.ts'
import { openMongoChannel } from '../../../src/sinks/socket/packet-channel.ts'
import { openSocketSink } from '../../../src/sinks/socket/socket-sink.ts'
import { openSupportServer } from '../../../src/sinks/socket/support-server.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { MongoOutbox } from '../../../src/store/outbox.ts'
import { socketPackets, storeSocketPackets } from '../../../src/store/socket-packets.ts'
import { commitChanges, postedMessage } from '../../support/commits.ts'
import { openTestDatabase } from '../../support/database.ts'
import { listenForFile } from '../../support/listening-server.ts'
import { connectSupportClient, socketSecret, supportToken } from '../../support/support-client.ts'
import { newAccount, startLanes } from '../conformance.ts'

// As a command opens it: with what it promises of reads and writes.
const config = await loadConfig({ mongodbUri: (await openTestDatabase()).uri }, tmpdir())
const silent = { onProgress: () => undefined, onEmbedded: () => undefined }
const { client, db, close: closeDatabase } = await openDatabase(config, silent)
const { httpServer, url } = await listenForFile()
const adapter = openMongoAdapter(socketPackets(db))
const history = new MongoOutbox(db)
const onToldLate = () => undefined
const server = openSupportServer({
  ...{ httpServer, secret: socketSecret, adapter: adapter.factory },
  ...{ history, onToldLate },
})
afterAll(async () => {
  await server.close()
  await adapter.close()
  await closeDatabase()
})

const outbox = db.collection('billing.outbox')
/** What is owed passes for sent, although nobody sends it. */
const markSent = (account: string) =>
  outbox.updateMany({ stripe_user_id: account }, { $set: { status: 'sent' } })
const committer = { client, db, targets: { queue: 'mongodb', sockets: true } } as const
const patience = { timeout: 15_000, interval: 10 }
const startDelivery = () =>
  startLanes(openSocketSink(openMongoChannel((packets) => storeSocketPackets(db, packets))), history)

/** Returns how a connection with these credentials ends: `connected`, or the error that it gets. */
const attempt = (auth: Record<string, unknown>, namespace = '/support'): Promise<unknown> => {
  const socket = io(`${url}${namespace}`, {
    auth,
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  })
  onTestFinished(() => void socket.disconnect())
  return new Promise((resolve) => {
    socket.on('connect', () => resolve('connected'))
    socket.on('connect_error', (error) => resolve({ ...error, message: error.message }))
  })
}

describe('a Support client', () => {
  test('is let in with a token, over polling too', async () => {
    const support = await connectSupportClient(url, newAccount(), { transports: ['polling'] })
    await support.ready()
    expect(support.socket.io.engine.transport.name).toBe('polling')
  })

  test('is refused without a token, and told so', async () => {
    expect(await attempt({})).toMatchObject({ data: { code: 'socket_unauthorized' } })
    expect(await attempt({ token: await supportToken('acct_1', { expiresIn: -1 }) })).toMatchObject({
      message: 'Expected a JWT in auth.token, signed with HS256 and SOCKET_SECRET: it has expired',
    })
    const unsigned = new UnsecuredJWT({ stripe_user_id: 'acct_1' }).setExpirationTime('1m').encode()
    expect(await attempt({ token: unsigned })).toMatchObject({ data: { code: 'socket_unauthorized' } })
  })

  test('is refused outside the namespace, be the token good', async () => {
    expect(await attempt({ token: await supportToken('acct_1') }, '/')).toMatchObject({
      data: { code: 'socket_unauthorized' },
    })
  })

  test('is told what changes in its own account, and nothing of another', async () => {
    const [own, other] = [newAccount(), newAccount()]
    const support = await connectSupportClient(url, own)
    await support.ready()
    const { lanes } = startDelivery()
    await commitChanges(committer, other)
    await expect.poll(() => lanes.drain(0), patience).toBe(true)
    const ids = await commitChanges(committer, own, { charges: 3 })
    await expect.poll(support.notices, patience).toEqual(ids)
    expect(new Set(support.events.map(([, { stripe_user_id }]) => stripe_user_id))).toEqual(
      new Set([undefined, own]),
    )
  })

  test('of no account gets in by the name of a room', async () => {
    const own = newAccount()
    const support = await connectSupportClient(url, `x:account:${own}`)
    await support.ready()
    support.socket.emit('join', `account:${own}`)
    const { lanes } = startDelivery()
    await commitChanges(committer, own)
    await expect.poll(() => lanes.drain(0), patience).toBe(true)
    const witness = await connectSupportClient(url, own)
    await witness.ready()
    expect(support.notices()).toEqual([])
  })

  test('is cut off where it says more than 16 KiB at once', async () => {
    const support = await connectSupportClient(url, newAccount(), { reconnection: false })
    await support.ready()
    support.socket.emit('noise', 'x'.repeat(16 * 1024))
    await expect.poll(() => support.socket.connected, patience).toBe(false)
  })

  test('is told of a message and its room', async () => {
    const account = newAccount()
    const support = await connectSupportClient(url, account)
    await support.ready()
    startDelivery()
    await commitChanges(committer, account, { writes: postedMessage(account, 'contact') })
    await expect
      .poll(() => support.events.map(([event]) => event), patience)
      .toEqual([
        'support:ready',
        'billing:changed',
        'support:room:create',
        'support:room:join',
        'support:message',
      ])
    expect(support.events.at(-2)?.[1]).toEqual({
      room_id: `${account}:room:contact`,
      conversation_id: `${account}:contact`,
      contact_id: 'contact',
    })
  })

  test('is cut off when its token expires, and comes back with a new one', async () => {
    const account = newAccount()
    // It is good for two seconds at least, from when it is asked for: tokens count in whole ones.
    const tokens = [{ expiresIn: 3 }, {}]
    const auth = (tell: (credentials: object) => void) =>
      void supportToken(account, tokens.shift()).then((token) => tell({ token }))
    const support = await connectSupportClient(url, account, { auth })
    await support.ready()
    const reason = await new Promise((resolve) => support.socket.once('disconnect', resolve))
    expect(reason).toBe('transport close')
    await support.ready(2)
    expect(tokens).toEqual([])
  })

  test('gets nothing of what it missed before its token is believed', async () => {
    const account = newAccount()
    const good = await supportToken(account)
    const tokens = [
      good,
      await supportToken(newAccount()),
      await supportToken(account, { expiresIn: -1 }),
      good,
    ]
    const auth = (tell: (credentials: object) => void) => tell({ token: tokens.shift() })
    const support = await connectSupportClient(url, account, { auth })
    await support.ready()
    await support.cutOff()
    const { lanes } = startDelivery()
    const missed = await commitChanges(committer, account)
    await expect.poll(() => lanes.drain(0), patience).toBe(true)
    await support.comeBack()
    expect(support.notices()).toEqual([])
    await support.cutOff()
    const refused = new Promise((resolve) => support.socket.once('connect_error', resolve))
    support.socket.connect()
    await refused
    expect(support.notices()).toEqual([])
    await support.comeBack()
    // The position that it names is of the other account by now.
    expect([[], missed]).toContainEqual(support.notices())
  })
})

test('a client that missed hundreds of commits is listened to once', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const account = newAccount()
  const [first = ''] = await commitChanges(committer, account)
  const missed: string[] = []
  for (let commits = 0; commits < 240; commits += 1)
    missed.push(...(await commitChanges(committer, account, { charges: 1 })))
  await markSent(account)
  const auth = { token: await supportToken(account), offset: '1-999999' }
  const support = await connectSupportClient(url, account, { auth })
  await support.ready()
  expect(first).not.toBe('')
  expect(support.notices()).toEqual(missed)
  expect(warnings).toEqual([])
})

describe('a place that no client can have seen', () => {
  test('of another account, keeps nothing from a client that comes back', async () => {
    const [one, other] = [newAccount(), newAccount()]
    for (let commits = 0; commits < 3; commits += 1) await commitChanges(committer, one)
    await markSent(one)
    const tokens = [await supportToken(one), await supportToken(other), await supportToken(other)]
    const auth = (tell: (credentials: object) => void) => tell({ token: tokens.shift() })
    const support = await connectSupportClient(url, one, { auth })
    await support.ready()
    await support.cutOff()
    await support.comeBack()
    await support.cutOff()
    const missed = [...(await commitChanges(committer, other)), ...(await commitChanges(committer, other))]
    await markSent(other)
    await support.comeBack()
    expect(support.notices()).toEqual(missed)
  })

  test('of a time to come, keeps nothing from any client of the account', async () => {
    const other = await listenForFile()
    const late: string[] = []
    const second = openSupportServer({
      ...{ httpServer: other.httpServer, secret: socketSecret, history },
      adapter: openMongoAdapter(socketPackets(db)).factory,
      lookEveryMs: 50,
      onToldLate: (account) => late.push(account),
    })
    onTestFinished(() => second.close())
    const account = newAccount()
    const auth = { token: await supportToken(account), offset: '999999-1' }
    const liar = await connectSupportClient(other.url, account, { auth })
    await liar.ready()
    const support = await connectSupportClient(other.url, account)
    await support.ready()
    // What no adapter brings is told out of the outbox, to all clients of the account.
    const ids = await commitChanges(committer, account)
    await markSent(account)
    await expect.poll(support.distinctNotices, patience).toEqual(ids)
    await expect.poll(liar.distinctNotices, patience).toEqual(ids)
    expect(late).toEqual([account])
  })
})

test('the adapter tells by itself, although nothing is found to be told again', async () => {
  const other = await listenForFile()
  const second = openSupportServer({
    httpServer: other.httpServer,
    secret: socketSecret,
    adapter: openMongoAdapter(socketPackets(db)).factory,
    history: {
      lastSent: (account) => history.lastSent(account),
      lastCommit: (account) => history.lastCommit(account),
      rowsFrom: (account, seq) => history.rowsFrom(account, seq),
      sentAfter: async () => [],
    },
    onToldLate,
  })
  onTestFinished(() => second.close())
  const account = newAccount()
  const support = await connectSupportClient(other.url, account)
  await support.ready()
  startDelivery()
  // What was sent before the adapter's first look at the collection is not told: one of these is.
  const told = async () => {
    await commitChanges(committer, account)
    return support.notices().length
  }
  await expect.poll(told, { ...patience, interval: 100 }).toBeGreaterThan(0)
})

test('clients are counted, and let go when the server closes', async () => {
  const other = await listenForFile()
  const second = openSupportServer({
    httpServer: other.httpServer,
    secret: socketSecret,
    adapter: openMongoAdapter(socketPackets(db)).factory,
    ...{ history, onToldLate },
  })
  const support = await connectSupportClient(other.url, newAccount(), { reconnection: false })
  await support.ready()
  expect(second.clients()).toBe(1)
  const gone = new Promise((resolve) => support.socket.once('disconnect', resolve))
  await second.close()
  await gone
  expect(second.clients()).toBe(0)
  expect(other.httpServer.listening).toBe(true)
})
