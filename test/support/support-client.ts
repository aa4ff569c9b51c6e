// A Support client as the Support UI has it: Socket.IO's own, which connects, keeps what it is told and comes back.

import { SignJWT } from 'jose'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { onTestFinished } from 'vitest'

export const socketSecret = 'a socket secret of more than 32 characters'

/** Returns a token for an account that expires in so many seconds. */
export const supportToken = (
  account: string,
  { expiresIn = 60, secret = socketSecret }: { expiresIn?: number; secret?: string } = {},
): Promise<string> =>
  new SignJWT({ stripe_user_id: account })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(new TextEncoder().encode(secret))

export interface SupportClient {
  readonly socket: Socket
  /** Events told so far, in order, with their payloads. */
  readonly events: readonly (readonly [string, Record<string, unknown>])[]
  /** Ids of the notices told so far, in order. */
  notices(): readonly string[]
  /** The same, each once. */
  distinctNotices(): readonly string[]
  /** Resolves once the client is up to date for the nth time. */
  ready(times?: number): Promise<void>
  /** Lets the connection fill up: what is told from now on stays on the server's side. */
  stopReading(): void
  readAgain(): void
  /** Resolves with the code of the WebSocket's end once it is there. */
  closed(): Promise<unknown>
  /** Cuts the connection as a broken network does; the client stays away until `comeBack`. */
  cutOff(): Promise<void>
  comeBack(): Promise<void>
}

/** Connects a client; it ends with the test. */
export const connectSupportClient = async (
  url: string,
  account: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<SupportClient> => {
  const token = await supportToken(account)
  const socket = io(`${url}/support`, {
    auth: { token },
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...options,
  })
  onTestFinished(() => void socket.disconnect())
  const events: [string, Record<string, unknown>][] = []
  socket.onAny((event: string, payload: Record<string, unknown>) => events.push([event, payload]))
  const client = { socket, events, ...views(events), ...connections(socket, events) }
  return client
}

const views = (events: readonly (readonly [string, Record<string, unknown>])[]) => {
  const notices = (): readonly string[] =>
    events.filter(([event]) => event === 'billing:changed').map(([, { id }]) => String(id))
  return { notices, distinctNotices: () => [...new Set(notices())] }
}

const connections = (socket: Socket, events: readonly (readonly [string, unknown])[]) => {
  const readyTimes = (): number => events.filter(([event]) => event === 'support:ready').length
  const ready = (times = 1): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (readyTimes() < times) return
        socket.offAny(look)
        resolve()
      }
      socket.onAny(look)
      look()
    })
  return {
    ready,
    stopReading: () => webSocketOf(socket).pause(),
    readAgain: () => webSocketOf(socket).resume(),
    closed: () =>
      new Promise((resolve) => {
        socket.io.engine.once('close', (_reason, details) => {
          const { context } = details as { readonly context?: { readonly code?: unknown } } // its CloseEvent
          resolve(context?.code)
        })
      }),
    cutOff: async (): Promise<void> => {
      socket.io.reconnection(false)
      const gone = new Promise((resolve) => socket.once('disconnect', resolve))
      socket.io.engine.close()
      await gone
    },
    comeBack: async (): Promise<void> => {
      const times = readyTimes() + 1
      socket.io.reconnection(true)
      socket.connect()
      await ready(times)
    },
  }
}

// The WebSocket of `ws`, which Engine.IO's types do not show.
const webSocketOf = (socket: Socket) => {
  const { transport } = socket.io.engine as unknown as {
    readonly transport: { readonly ws: { pause(): void; resume(): void } }
  }
  return transport.ws
}
