// The listener's own limits of connections, at their real numbers: sockets on loopback are cheap.

import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openListener } from '../../../src/sources/webhook/listener.ts'
import { answersOn, connectTo, sendRaw } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'

const mostConnections = 1_024

/** A listener that takes no webhooks, and how many connections it has. */
const openForTest = async (answer: Promise<unknown> = new Promise(() => undefined)) => {
  const { httpServer, url, stop } = await openListener({
    host: '127.0.0.1',
    port: 0,
    webhooks: null,
    operations: {
      // Whoever asks for it stays in the midst of a request until then.
      readiness: async () => {
        await answer
        return { problem: null, degraded: [] }
      },
      metrics: { contentType: 'text/plain', text: async () => '' },
      metricsToken: undefined,
    },
  })
  onTestFinished(() => stop(0).then(() => undefined))
  const count = () => new Promise<number>((resolve) => httpServer.getConnections((_, open) => resolve(open)))
  const untilOpen = (open: number) => until(async () => (await count()) === open, `${open} connections`)
  return { httpServer, url, stop, untilOpen }
}

const requestOf = (connection: string, path = '/healthz'): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`

/** Opens connections that are in the midst of a request. */
const openBusy = (url: string, count: number): Promise<readonly Socket[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await connectTo(url)
      onTestFinished(() => void socket.destroy())
      socket.write(requestOf('keep-alive', '/readyz'))
      return socket
    }),
  )

/** What one connection more is answered. */
const oneMore = async (url: string): Promise<readonly number[]> =>
  (await sendRaw(url, requestOf('close'))).statuses

test('one connection too many is cut off until another ends', async () => {
  const { url, untilOpen } = await openForTest()
  const [first] = await openBusy(url, mostConnections)
  await untilOpen(mostConnections)
  expect(await oneMore(url)).toEqual([])
  first?.destroy()
  await untilOpen(mostConnections - 1)
  expect(await oneMore(url)).toEqual([200])
})

test('an idle connection makes room for the one too many', async () => {
  const { url, untilOpen } = await openForTest()
  const idle = await connectTo(url)
  const closed = answersOn(idle)
  idle.write(requestOf('keep-alive'))
  await once(idle, 'data')
  await openBusy(url, mostConnections - 1)
  await untilOpen(mostConnections)
  expect(await oneMore(url)).toEqual([200])
  expect((await closed).statuses).toEqual([200])
})

test('connections that became web sockets leave room for others', async () => {
  const { httpServer, url, untilOpen } = await openForTest()
  httpServer.on('upgrade', (_request, socket) => {
    socket.resume().on('end', () => socket.end())
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  const webSocket = await connectTo(url)
  onTestFinished(() => void webSocket.destroy())
  webSocket.write(requestOf('Upgrade\r\nUpgrade: websocket'))
  await once(webSocket, 'data')
  await openBusy(url, mostConnections - 1)
  await untilOpen(mostConnections)
  expect(await oneMore(url)).toEqual([200])
  // Its end gives back no place that it did not have.
  await openBusy(url, 1)
  webSocket.destroy()
  await untilOpen(mostConnections)
  expect(await oneMore(url)).toEqual([])
})

test('a web socket that was ended is cut off though its client stays', async () => {
  const { httpServer, url, untilOpen } = await openForTest()
  httpServer.on('upgrade', (_request, socket) => socket.end())
  const { hostname: host, port } = new URL(url)
  const client = connect({ host, port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void client.destroy())
  client.resume().write(requestOf('Upgrade\r\nUpgrade: websocket'))
  await once(client, 'end')
  await untilOpen(0)
})

test('a request for a protocol that nobody speaks is refused', async () => {
  const { url } = await openForTest()
  expect((await sendRaw(url, requestOf('Upgrade\r\nUpgrade: websocket'))).statuses).toEqual([400])
})

test('a request that offers HTTP/2 is answered in HTTP/1.1, listened for web sockets or not', async () => {
  const { httpServer, url } = await openForTest()
  const offering = `${requestOf('Upgrade, close\r\nUpgrade: h2c')}`
  expect((await sendRaw(url, offering)).statuses).toEqual([200])
  httpServer.on('upgrade', (_request, socket) => socket.end())
  expect((await sendRaw(url, offering)).statuses).toEqual([200])
  const socket = await connectTo(url)
  const answers = answersOn(socket)
  socket.write(requestOf('Upgrade\r\nUpgrade: h2c'))
  await once(socket, 'data')
  socket.write(requestOf('close'))
  expect((await answers).statuses).toEqual([200, 200])
})

test('the end waits for requests that came, and not for those that did not', async () => {
  const signal = new EventEmitter()
  const { url, stop } = await openForTest(once(signal, 'answer'))
  const [busy] = await openBusy(url, 1)
  const answered = busy === undefined ? undefined : answersOn(busy)
  const idle = await Promise.all(
    ['', 'GET /hea', `${requestOf('keep-alive')}GET /hea`].map(async (bytes) => {
      const socket = await connectTo(url)
      const closed = answersOn(socket)
      if (bytes !== '') socket.write(bytes)
      if (bytes.length > 10) await once(socket, 'data')
      return { closed }
    }),
  )
  const stopped = stop(60_000)
  expect((await Promise.all(idle.map(({ closed }) => closed))).map(({ statuses }) => statuses)).toEqual([
    [],
    [],
    [200],
  ])
  signal.emit('answer')
  expect((await answered)?.statuses).toEqual([200])
  expect(await stopped).toBe(true)
})
