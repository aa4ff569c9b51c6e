// What holds for every connection of the listener, whatever it asks for.

import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/** Most connections that speak HTTP at once; those that became web sockets are not counted. */
const mostConnections = 1_024

/** How long a client may go on sending after it was refused: cut off at once, it might never read the answer. */
const lingerMs = 500

/** Refuses connections beyond the limit; idle ones make room first. */
export const limitConnections = (server: Server): void => {
  let open = 0
  /** How a connection that became a web socket is taken out of the count. */
  const upgraded = new WeakMap<Socket, () => void>()
  server.on('connection', (socket: Socket) => {
    if (open >= mostConnections) server.closeIdleConnections()
    if (open >= mostConnections) {
      socket.destroy()
      return
    }
    open += 1
    let isCounted = true
    const leave = (): void => {
      if (isCounted) open -= 1
      isCounted = false
    }
    socket.once('close', leave)
    upgraded.set(socket, leave)
  })
  server.on('upgrade', (request: IncomingMessage) => upgraded.get(request.socket)?.())
}

/** Returns the connections that are web sockets, as they come and go. */
export const followWebSockets = (server: Server): ReadonlySet<Socket> => {
  const webSockets = new Set<Socket>()
  server.on('upgrade', ({ socket }: IncomingMessage) => {
    webSockets.add(socket)
    socket.once('close', () => webSockets.delete(socket))
  })
  return webSockets
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
  const body = JSON.stringify({ error: status.startsWith('408') ? 'request_timeout' : 'request_malformed' })
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
