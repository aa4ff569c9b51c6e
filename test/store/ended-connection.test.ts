// A connection that the server ends in the very turn something is written to it: the driver then throws what the socket says.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { beginOnAccount } from '../../src/store/account-transaction.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { translateMongoErrors } from '../../src/store/mongo-errors.ts'
import { openTestDatabase } from '../support/database.ts'
import { lines, startTcpProxy } from '../support/tcp-proxy.ts'

const { uri, db: seen } = await openTestDatabase()

/** The client sockets of this process that are made from now on, until the test has finished. */
const socketsToCome = (): readonly Socket[] => {
  const sockets: Socket[] = []
  const note = (message: unknown): void => {
    sockets.push((message as { readonly socket: Socket }).socket)
  }
  subscribe('net.client.socket', note)
  onTestFinished(() => void unsubscribe('net.client.socket', note))
  return sockets
}

/** A client with one connection, the line to its server, and what ends that: resolves in the turn in which its end has been read. */
const connect = async () => {
  const direct = new URL(uri)
  const proxy = await startTcpProxy(Number(direct.port))
  direct.host = `127.0.0.1:${proxy.port}`
  direct.search = '?directConnection=true&maxPoolSize=1&serverMonitoringMode=poll&heartbeatFrequencyMS=60000'
  const sockets = socketsToCome()
  const client = new MongoClient(direct.href, { writeConcern: { w: 'majority' } })
  onTestFinished(() => client.close())
  const db = client.db(seen.databaseName)
  await db.command({ ping: 1 })
  const end = async (): Promise<void> => {
    const written = sockets.map(({ bytesWritten }) => bytesWritten)
    await db.command({ ping: 1 })
    const socket = sockets.find(
      ({ bytesWritten, remotePort }, index) => remotePort === proxy.port && bytesWritten !== written[index],
    )
    if (socket?.localPort === undefined) throw new Error('the connection was not found')
    proxy.end(socket.localPort)
    await once(socket, 'end')
  }
  const isWaiting = (): boolean => sockets.some(({ writableNeedDrain }) => writableNeedDrain)
  return { client, db, end, proxy, isWaiting }
}

test('is an outage', async () => {
  const { db, end } = await connect()
  await end()
  await expect(db.command({ ping: 1 })).rejects.toMatchObject({ name: 'Error', code: 'EPIPE' })
  await end()
  await expect(translateMongoErrors(() => db.collection('notes').findOne())).rejects.toMatchObject({
    code: 'mongodb_unavailable',
    details: { reason: 'its connection ended (EPIPE)' },
  })
})

test('is an outage where it breaks under a write that waits', async () => {
  const { db, proxy, isWaiting } = await connect()
  proxy.become(lines.dead)
  const large = { text: 'x'.repeat(15_000_000) }
  const writing = translateMongoErrors(() => db.collection('notes').insertOne(large))
  const refused = expect(writing).rejects.toMatchObject({
    code: 'mongodb_unavailable',
    details: { reason: 'its connection ended (ECONNRESET)' },
  })
  await expect.poll(isWaiting).toBe(true)
  proxy.become(lines.broken)
  await refused
})

test('fails a transaction as an outage', async () => {
  const { db, client, end } = await connect()
  await openAccountRow(db, 'acct_1')
  const transaction = await beginOnAccount({ client, db }, 'acct_1')
  const writing = transaction?.commit(async (session) => {
    await end()
    await db.collection('notes').insertOne({}, { session })
    return true
  })
  await expect(writing).rejects.toMatchObject({ code: 'mongodb_unavailable' })
  expect(await seen.collection('notes').countDocuments()).toBe(0)
})

test('does not keep a transaction from being committed', async () => {
  const { db, client, end } = await connect()
  await openAccountRow(db, 'acct_2')
  const transaction = await beginOnAccount({ client, db }, 'acct_2')
  const writing = transaction?.commit(async (session) => {
    await db.collection('notes').insertOne({}, { session })
    await end()
    return true
  })
  expect(await writing).toBe(true)
  expect(await seen.collection('notes').countDocuments()).toBe(1)
})
