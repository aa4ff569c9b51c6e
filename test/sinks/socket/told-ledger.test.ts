import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import type { Namespace } from 'socket.io'
import { afterAll, expect, test } from 'vitest'
import { openMongoAdapter } from '../../../src/sinks/socket/adapters.ts'
import { roomOf, supportNamespace } from '../../../src/sinks/socket/packets.ts'
import { openSupportServer } from '../../../src/sinks/socket/support-server.ts'
import { type SupportSocket, sendLocally, waitingPackets } from '../../../src/sinks/socket/support-socket.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { MongoOutbox } from '../../../src/store/outbox.ts'
import { socketPackets } from '../../../src/store/socket-packets.ts'
import { openTestDatabase } from '../../support/database.ts'
import { listenForFile } from '../../support/listening-server.ts'
import { connectSupportClient, socketSecret, supportToken } from '../../support/support-client.ts'

const { db } = await openTestDatabase()
await ensureCollections(db)
const { httpServer, url } = await listenForFile()
const adapter = openMongoAdapter(socketPackets(db))

/** Namespaces of the server, by their names. */
const namespaces = new Map<string, Namespace>()
const server = openSupportServer({
  ...{ httpServer, secret: socketSecret, history: new MongoOutbox(db), onToldLate: () => undefined },
  adapter: ((namespace: Namespace) => {
    namespaces.set(namespace.name, namespace)
    return (adapter.factory as (namespace: Namespace) => unknown)(namespace)
  }) as never, // a function, as Socket.IO takes it
})
afterAll(async () => {
  await server.close()
  await adapter.close()
})

/** Connects a client, and returns it with the server's side of it. */
const connect = async (account: string, expiresIn = 60) => {
  const auth = { token: await supportToken(account, { expiresIn }) }
  const support = await connectSupportClient(url, account, { auth, reconnection: false })
  await support.ready()
  const sockets = [...(namespaces.get(supportNamespace)?.sockets.values() ?? [])] as SupportSocket[] // the server admits no others
  const socket = sockets.find(({ data }) => data.account === account)
  if (socket === undefined) throw new TypeError('nobody is connected')
  const send = (text: string) =>
    sendLocally(socket, roomOf(account), { args: ['billing:changed', { id: text }, '0-1'] })
  return { support, socket, send }
}

/** Of packets of this size a connection holds some thousand before the server has to. */
const large = 'x'.repeat(4_000)

/** Connects a client that stops reading, and sends it packets until more than so many wait for it. */
const connectStill = async (account: string, waiting: number, expiresIn?: number) => {
  const still = await connect(account, expiresIn)
  still.support.stopReading()
  for (let sent = 1; waitingPackets(still.socket.conn) <= waiting && sent < 100_000; sent += 1) {
    still.send(large)
    if (sent % 500 === 0) await nextTurnOfLoop()
  }
  expect(waitingPackets(still.socket.conn)).toBeGreaterThan(waiting)
  return still
}

const patience = { timeout: 20_000, interval: 20 }

/** Waits until the server is rid of a client; who reads again then is told so. */
const expectCutOff = async ({ support, socket }: Awaited<ReturnType<typeof connect>>) => {
  await expect.poll(() => [socket.connected, waitingPackets(socket.conn)], patience).toEqual([false, 0])
  const closed = support.closed()
  support.readAgain()
  await closed
}

test('a client that does not read is cut off, and gives back what was held for it', async () => {
  const reader = await connect('acct_reader')
  const still = await connectStill('acct_still', 10_000)
  await expectCutOff(still)
  reader.send('n1')
  await expect.poll(reader.support.notices, patience).toEqual(['n1'])
})

test('nothing that waits for a client outlasts its token', async () => {
  await expectCutOff(await connectStill('acct_expired', 1_000, 3))
})
