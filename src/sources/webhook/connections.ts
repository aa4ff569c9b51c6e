// What holds for every connection of the listener, whatever it asks for.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Most connections that speak HTTP at once; those that became web sockets are not counted. */
const mostConnections = 1_024

/** How long a client may go on sending after it was refused: cut off at once, it might never read the answer. */
const lingerMs = 500

export interface Connections {
  /** Those that are web sockets, as they come and go. */
  readonly webSockets: ReadonlySet<Socket>
  /** Cuts those that speak HTTP and have no request under way: what is half a request may never become one. */
  readonly cutUnasked: () => void
}

/** Refuses connections beyond the limit; idle ones make room first. Call it before anybody else listens for web sockets. */
export const limitConnections = (server: Server): Connections => {
  const open = new Set<Socket>()
  const underWay = countUnderWay(server)
  const webSockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (open.size >= mostConnections) makeRoom(server, open)
    if (open.size >= mostConnections) {
      socket.destroy()
      return
    }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('upgrade', ({ socket }: IncomingMessage) => {
    // Node has taken its own listener away, and a reset that nobody hears would end the process.
    socket.on('error', () => undefined)
    // Where nobody else speaks web socket, nobody would ever answer, and no timeout of requests holds any more.
    if (server.listenerCount('upgrade') === 1) {
      answerAndClose(socket, '400 Bad Request', 'request_malformed')
      return
    }
    open.delete(socket)
    webSockets.add(socket)
    socket.once('close', () => webSockets.delete(socket))
    // Who ends it, such as Socket.IO what is not meant for it, leaves it half open for as long as the client likes.
    socket.once('finish', () => setTimeout(() => socket.destroy(), lingerMs).unref())
  })
  return {
    webSockets,
    cutUnasked: () => {
      for (const socket of open) if ((underWay.get(socket) ?? 0) === 0) socket.destroy()
    },
  }
}

interface RequestStart {
  readonly server: Server
  readonly socket: Socket
  readonly response: ServerResponse
}

// Told by Node's own channel: Socket.IO takes the listeners of `request` away, and hands on only what is not for it.
const countUnderWay = (server: Server): Pick<WeakMap<Socket, number>, 'get'> => {
  const underWay = new WeakMap<Socket, number>()
  const add = (socket: Socket, count: number): void =>
    void underWay.set(socket, (underWay.get(socket) ?? 0) + count)
  const onStart = (message: unknown): void => {
    const start = message as RequestStart // as Node documents the channel
    if (start.server !== server) return
    add(start.socket, 1)
    start.response.once('close', () => add(start.socket, -1))
  }
  subscribe('http.server.request.start', onStart)
  server.once('close', () => unsubscribe('http.server.request.start', onStart))
  return underWay
}

// A connection that is closed says so a moment later only.
const makeRoom = (server: Server, open: Set<Socket>): void => {
  server.closeIdleConnections()
  for (const socket of open) if (socket.destroyed) open.delete(socket)
}

/** Cuts a connection whose request was answered before it had all come. */
export const lingerAfterRefusal = (request: IncomingMessage): void => {
  if (request.complete || request.destroyed) return
  const cut = setTimeout(() => request.socket.destroy(), lingerMs)
  const keep = (): void => clearTimeout(cut)
  request.once('end', keep).once('close', keep)
}

/** Status lines by error code of Node's parser. */
const clientErrors: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '400 Bad Request',
}

/** Answers what is no HTTP request, or did not come in time, and closes the connection. */
export const answerClientError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = clientErrors[error.code ?? ''] ?? '400 Bad Request'
  answerAndClose(socket, status, status.startsWith('408') ? 'request_timeout' : 'request_malformed')
}

const answerAndClose = (socket: Socket, status: string, error: string): void => {
  const body = JSON.stringify({ error })
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
