// The Support UI's socket: Socket.IO on the listener's server, namespace /support. Guarantees: nobody gets in without
// a token, a client is in its own account's room only, and it is cut off when its token expires. A client that comes
// back is told what it missed in the last five minutes out of the outbox, whichever process it was connected to and
// whatever became of Redis; so Socket.IO's own recovery (kept in Redis or MongoDB, lost with either) is switched off.

import type { Server as HttpServer } from 'node:http'
import { type Namespace, Server, type ServerOptions, type Socket } from 'socket.io'
import { BillingSyncError } from '../../errors.ts'
import type { SocketHistory } from '../../ports/outbox-store.ts'
import { catchUp } from './catch-up.ts'
import { type Position, roomOf, supportNamespace } from './packets.ts'
import type { SupportSocket } from './support-socket.ts'
import { verifySupportToken } from './support-token.ts'
import { type LedgerOptions, ToldLedger } from './told-ledger.ts'

/** Makes a Socket.IO adapter for a namespace. */
export type AdapterFactory = Exclude<ServerOptions['adapter'], undefined>

export interface SupportServerOptions extends Omit<LedgerOptions, 'support'> {
  readonly httpServer: HttpServer
  readonly secret: string
  /** Brings the packets of other processes here. */
  readonly adapter: AdapterFactory
}

export interface SupportServer {
  /** Number of Support clients connected to this process. */
  clients(): number
  /** Disconnects all clients. Socket.IO's own of them come back after a moment, to whoever listens then. */
  disconnectClients(): void
  /** Disconnects all clients and leaves the adapter. The listener's server stays as it is. */
  close(): Promise<void>
}

/** Clients have nothing to say but their token. */
const largestMessage = 16 * 1024

/** How long a connection may take to say who it is. */
const connectTimeoutMs = 10_000

/** The longest that a timer can wait. */
const longestTimerMs = 2 ** 31 - 1

/** Opens /socket.io on the listener's server. */
export const openSupportServer = (options: SupportServerOptions): SupportServer => {
  const io = new Server({
    serveClient: false,
    // The token is in the message, not in a cookie: another site's page has none to send.
    cors: { origin: '*' },
    maxHttpBufferSize: largestMessage,
    connectTimeout: connectTimeoutMs,
    adapter: withoutSessions(options.adapter),
    // Makes clients name the last position they saw; the rest of it is done here, after the token is checked.
    connectionStateRecovery: { maxDisconnectionDuration: 5 * 60_000, skipMiddlewares: false },
  })
  const support: Namespace = io.of(supportNamespace)
  const ledger = new ToldLedger({ ...options, support })
  support.use((socket, next) => admit(socket, { ...options, next }))
  support.on('connection', (socket: SupportSocket) => {
    expire(socket)
    welcome(socket, { history: options.history, ledger })
  })
  io.of('/').use((_socket, next) => next(refusal('connect to the namespace /support')))
  io.attach(options.httpServer)
  return {
    clients: () => support.sockets.size,
    disconnectClients: () => io.engine.close(),
    close: async () => {
      ledger.close()
      io.engine.close()
      await Promise.all([support, io.of('/')].map((namespace) => namespace.adapter.close()))
    },
  }
}

// Sessions hold a client's handshake with its token; what was missed is told out of the outbox instead.
const withoutSessions = (factory: AdapterFactory): AdapterFactory =>
  function sessionless(namespace: Namespace) {
    const adapter = (factory as (namespace: Namespace) => Namespace['adapter'])(namespace) // every adapter's package exports this form
    adapter.persistSession = () => undefined
    adapter.restoreSession = () => Promise.resolve(null as never) // declared as never null, but it is asked for
    return adapter
  } as AdapterFactory // Socket.IO's type knows classes only, its code takes both

const admit = async (
  socket: Socket,
  { secret, next }: SupportServerOptions & { readonly next: (error?: Error) => void },
): Promise<void> => {
  try {
    Object.assign(socket.data, await verifySupportToken(socket.handshake.auth.token, secret))
    next()
  } catch (error) {
    next(error instanceof BillingSyncError ? withCode(error) : refusal('the token does not verify'))
  }
}

const refusal = (reason: string): Error => withCode(new BillingSyncError('socket_unauthorized', { reason }))

// Socket.IO passes `data` on to the client.
const withCode = (error: BillingSyncError): Error => Object.assign(error, { data: { code: error.code } })

const expire = (socket: SupportSocket): void => {
  const { expiresAt } = socket.data
  if (expiresAt === null) return
  const cutOff = (): void => {
    const leftMs = expiresAt - Date.now()
    // Closing the transport, not the namespace, lets the client come back by itself with a new token; whatever waits
    // for it is told then.
    if (leftMs <= 0) socket.conn.close(true)
    else timer = setTimeout(cutOff, Math.min(leftMs, longestTimerMs))
  }
  let timer = setTimeout(cutOff, 0)
  socket.on('disconnect', () => clearTimeout(timer))
}

const welcome = async (
  socket: SupportSocket,
  { history, ledger }: { readonly history: SocketHistory; readonly ledger: ToldLedger },
): Promise<void> => {
  const room = roomOf(socket.data.account)
  try {
    const join = (position: Position) => {
      ledger.follow(socket, position)
      return socket.join(room)
    }
    await catchUp(socket, { history, join })
  } catch {
    // MongoDB is away: the client tries again by itself, and is told then.
    socket.conn.close()
  }
}
