// What holds for every connection of the listener, whatever it asks for.

import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/** Most connections that speak HTTP at once; those that became web sockets are not counted. */
const mostConnections = 1_024

/** How long a client may go on sending after it was refused: cut off at once, it might never read the answer. */
const lingerMs = 500

/**
 * Refuses connections beyond the limit; idle ones make room first. Returns those that are web sockets, as they come and
 * go: call it before anybody else listens for them.
 */
export const limitConnections = (server: Server): ReadonlySet<Socket> => {
  const open = new Set<Socket>()
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
  return webSockets
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
