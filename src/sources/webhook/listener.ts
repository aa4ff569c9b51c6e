// The HTTP listener. Guarantees: only POST /webhooks/stripe takes anything in, and answers 2xx only for what is stored;
// slow, endless, oversized and malformed requests are cut off in bounded time and memory; no answer shows anything of
// the inside. What it does not do: decompress, follow a client's pace, or know where events are stored.

import type { Server } from 'node:http'
import { setImmediate as nextTurnOfLoop, setTimeout as wait } from 'node:timers/promises'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { systemErrorCode } from '../../core/system-error-code.ts'
import { BillingSyncError } from '../../errors.ts'
import { inTime } from '../../in-time.ts'
import { answerClientError, type Connections, limitConnections, lingerAfterRefusal } from './connections.ts'
import { OneProtocolRequest } from './one-protocol.ts'
import { type OperationsPorts, routeOperations } from './operations.ts'
import { routeWebhooks, type WebhookPorts, webhookPath } from './webhook-route.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Null where this process takes no webhooks. */
  readonly webhooks: WebhookPorts | null
  readonly operations: OperationsPorts
}

export interface Listener {
  /** For others that answer on the same port, such as Socket.IO. */
  readonly httpServer: Server
  readonly url: string
  /**
   * Takes no new connections, tells clients of open ones to close them, and waits until every request that came is
   * answered: false where the time was up. Connections that are left are cut, those without a request at once. Those that others keep open on the port never end by
   * themselves: `letGo` is called once no new ones come, and has to end them.
   */
  stop(patienceMs: number, letGo?: () => void): Promise<boolean>
}

/** Time for a request's headers, and for all of it; both are checked twice a second (Node's own default is 30 s). */
const headersTimeoutMs = 5_000
const requestTimeoutMs = 10_000
const checkingIntervalMs = 500

/** Longer than load balancers keep an idle connection, so that it is they who close it. */
const keepAliveTimeoutMs = 65_000

/**
 * How long connections are still taken once the end has begun: a client that has just been told of us may be on its way. So
 * long again the last of them have to send their request's headers.
 */
const lameDuckMs = 300

/** How long a web socket that was let go of has to say farewell: one whose client does not read never would. */
const farewellMs = 1_000

/** Opens the listener. Throws `config_invalid` where host and port can't be listened on. */
export const openListener = async (options: ListenerOptions): Promise<Listener> => {
  const app = fastify({
    http: {
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: checkingIntervalMs,
      IncomingMessage: OneProtocolRequest,
    },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // While it ends, a request that came is still taken: the event would only be sent again.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    // Such as a path that is no path; its reply is typed without a route, which has no statuses to choose from.
    frameworkErrors: (_error, _request, reply) =>
      (reply as unknown as FastifyReply).code(400).send({ error: 'request_malformed' }),
  })
  const connections = limitConnections(app.server)
  const state = { isStopping: false }
  answerPlainly(app, { state, paths: options.webhooks === null ? [] : [webhookPath] })
  routeOperations(app, options.operations)
  if (options.webhooks !== null) routeWebhooks(app, options.webhooks)
  await app.ready()
  await listen(app.server, options)
  return {
    httpServer: app.server,
    url: urlOf(app.server),
    stop: async (patienceMs, letGo = () => undefined) => {
      state.isStopping = true
      return await stop(app, { patienceMs, letGo, connections })
    },
  }
}

// Bodies are read by the webhook route alone, whatever their content type says.
const answerPlainly = (
  app: FastifyInstance,
  { state, paths }: { readonly state: { readonly isStopping: boolean }; readonly paths: readonly string[] },
): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  // Called back at once: promises would cost each request more than the hooks themselves.
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    raw.headers['content-type'] = undefined
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (state.isStopping) reply.header('connection', 'close')
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    lingerAfterRefusal(request.raw)
    done()
  })
  app.setNotFoundHandler(async (request, reply) =>
    paths.includes(request.url.split('?')[0] ?? '')
      ? reply.code(405).header('allow', 'POST').send({ error: 'method_not_allowed' })
      : reply.code(404).send({ error: 'not_found' }),
  )
  app.setErrorHandler(async (error: FastifyError, _request, reply) =>
    error.statusCode !== undefined && error.statusCode < 500
      ? reply.code(error.statusCode).send({ error: 'request_malformed' })
      : reply.code(500).send({ error: 'internal_error' }),
  )
}

const listen = async (server: Server, { host, port }: ListenerOptions): Promise<void> => {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host, port }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    throw new BillingSyncError('config_invalid', problemOfListening(error, { host, port }), { cause: error })
  }
}

const problemOfListening = (error: unknown, { host, port }: { host: string; port: number }) => {
  const code = systemErrorCode(error) ?? 'unknown error'
  if (code === 'EADDRINUSE')
    return {
      source: '--port (PORT)',
      problem: `${port} is taken on ${host}; choose another one, or end who has it`,
    }
  if (code === 'EACCES')
    return {
      source: '--port (PORT)',
      problem: `${port} may not be listened on by this user; choose one from 1024 on`,
    }
  return {
    source: '--host (HOST)',
    problem: `${host} cannot be listened on (${code}); choose an address of this machine`,
  }
}

const urlOf = (server: Server): string => {
  const address = server.address()
  if (address === null || typeof address === 'string') return ''
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

interface Stopping {
  readonly patienceMs: number
  readonly letGo: () => void
  readonly connections: Connections
}

const stop = async (app: FastifyInstance, { patienceMs, letGo, connections }: Stopping): Promise<boolean> => {
  const end = async (): Promise<true> => {
    // Idle connections are closed with the listener: by then, those in use were told to close after their answer.
    await wait(Math.min(lameDuckMs, patienceMs))
    // Where the process was busy until now, a timer is looked at before the requests that came meanwhile.
    await nextTurnOfLoop()
    const closed = app.close()
    letGo()
    const cuts = [
      setTimeout(connections.cutUnasked, lameDuckMs),
      setTimeout(() => {
        for (const socket of connections.webSockets) socket.destroy()
      }, farewellMs),
    ]
    await closed
    for (const cut of cuts) clearTimeout(cut)
    return true
  }
  const isDone = await inTime(end(), patienceMs, false)
  app.server.closeAllConnections()
  return isDone
}
