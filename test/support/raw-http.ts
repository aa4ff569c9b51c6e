// HTTP as no client library would send it: bytes on a socket.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Connects to a listener. */
export const connectTo = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

export interface RawAnswer {
  /** Statuses in the order of the answers; empty where the connection was closed without one. */
  readonly statuses: readonly number[]
  readonly text: string
}

/** Resolves with what a socket is told until the other end closes it. */
export const answersOn = async (socket: Socket): Promise<RawAnswer> => {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  // Whoever still sends when the server has answered and closed learns that as an error: it counts as the end.
  await new Promise((resolve) => socket.once('close', resolve))
  return { statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)), text }
}

/** Sends bytes, and resolves with the answers; the request should ask for the connection to be closed. */
export const sendRaw = async (url: string, bytes: string | Buffer): Promise<RawAnswer> => {
  const socket = await connectTo(url)
  const answers = answersOn(socket)
  socket.write(bytes)
  return answers
}
