// `billing-sync serve`: wiring only. The listener answers before the database is there, with 503, and until the very end.

import { type Config, type ConfigFlags, loadConfig } from '../config/config.ts'
import { BillingSyncError } from '../errors.ts'
import { type Log, openLog } from '../log.ts'
import { type EndpointSecret, endpointSecretsOf } from '../sources/webhook/endpoint-secrets.ts'
import { type Listener, openListener } from '../sources/webhook/listener.ts'
import { type Metrics, openMetrics } from '../watch/metrics.ts'
import { type ServeListener, tellAll } from '../watch/serve-listener.ts'
import { awaitDatabase } from './await-database.ts'
import { onInterrupt } from './interrupt.ts'
import { openServing, type Serving } from './open-serving.ts'
import { logDeliveries } from './serve-log.ts'

/** Which part of the work this process does. */
export type ServeRole = 'all' | 'ingest' | 'work'

export interface ServeFlags {
  readonly role: ServeRole
  readonly catchUp?: boolean
}

/** How long the end may take in all; what is not through by then is handed back. */
const endPatienceMs = 9_500

/** Of that, what the answers to open requests, and the batches under way, may take. */
const drainPatienceMs = 7_000

interface Serve {
  readonly config: Config
  readonly role: ServeRole
  readonly catchesUp: boolean
  readonly log: Log
  readonly listener: ServeListener
  readonly metrics: Metrics
  /** Null until the database is open. */
  serving: Serving | null
  isEnding: boolean
}

/** Serves until a signal comes, and returns the exit code. Throws coded errors for what keeps it from serving. */
export const runServe = async ({
  role,
  catchUp = false,
  ...flags
}: ServeFlags & ConfigFlags): Promise<number> => {
  const config = await loadConfig(flags)
  if (catchUp && config.stripeKey === undefined) throw keyMissing()
  const secrets = role === 'work' ? [] : configuredSecrets(config)
  const interrupt = onInterrupt()
  const serve = prepare(config, { role, catchesUp: catchUp })
  const listener = await listen(serve, secrets)
  serve.log.info(`listening on ${listener.url}`)
  const ended = new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve()))
  try {
    await Promise.race([ended, start(serve, listener, interrupt.signal).then(() => ended)])
  } catch (error) {
    await listener.stop(0)
    throw error
  }
  return (await end(serve, listener)) ? 0 : 1
}

const keyMissing = (): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'STRIPE_SECRET_KEY',
    problem: "expected the platform's secret key, which --catch-up reads with, got none",
  })

const configuredSecrets = ({ webhookSecrets, accounts }: Config): readonly EndpointSecret[] =>
  endpointSecretsOf({
    platform: webhookSecrets,
    accounts: new Map(
      accounts.map(({ stripe_user_id: id, webhook_secrets: secrets = [] }): [string, readonly string[]] => [
        id,
        secrets,
      ]),
    ),
  })

const prepare = (config: Config, asked: Pick<Serve, 'role' | 'catchesUp'>): Serve => {
  const log = openLog(config.logLevel ?? 'info')
  const metrics = openMetrics({
    backlogDepth: () => serve.serving?.backlog.state.depth ?? 0,
    oldestWaitingSeconds: () => {
      const oldest = serve.serving?.backlog.state.oldest ?? null
      return oldest === null ? 0 : (Date.now() - oldest.getTime()) / 1000
    },
    socketClients: () => serve.serving?.sinks?.clients() ?? 0,
    isMongodbAvailable: () => serve.serving?.gate.isOpen === true,
  })
  const listener = tellAll([metrics, logDeliveries(log)])
  const serve: Serve = { config, ...asked, log, listener, metrics, serving: null, isEnding: false }
  return serve
}

const listen = (serve: Serve, secrets: readonly EndpointSecret[]): Promise<Listener> => {
  const { config, role, listener, metrics } = serve
  const { host, port, maxBodyBytes, metricsToken } = config
  return openListener({
    host,
    port,
    operations: { readiness: () => readinessOf(serve), metrics, metricsToken },
    webhooks:
      role === 'work'
        ? null
        : {
            maxBodyBytes,
            secrets: () => serve.serving?.ingest?.secrets ?? secrets,
            platformAccount: async () => (await serve.serving?.ingest?.platformAccount()) ?? '',
            receive: async (delivery) => serve.serving?.ingest?.receive(delivery) ?? 'mongodb_unavailable',
            listener,
          },
  })
}

const readinessOf = async ({ serving, isEnding }: Serve) => {
  if (isEnding) return { problem: 'ending', degraded: [] }
  if (serving === null) return { problem: 'mongodb_unavailable', degraded: [] }
  return serving.readiness()
}

const start = async (serve: Serve, listener: Listener, signal: AbortSignal): Promise<void> => {
  const { config, role, catchesUp, log } = serve
  const database = await awaitDatabase(config, { log, signal })
  if (database === null) return
  const { httpServer } = listener
  try {
    const asked = { config, role, catchesUp, database, log, httpServer, listener: serve.listener }
    serve.serving = await openServing(asked)
  } catch (error) {
    await database.close()
    throw error
  }
  log.info('serving')
}

const end = async (serve: Serve, listener: Listener): Promise<boolean> => {
  serve.isEnding = true
  serve.log.info('ending: what is under way is finished')
  // Whatever hangs by then, such as a server that is frozen, hangs for good.
  setTimeout(() => process.exit(1), endPatienceMs).unref()
  const started = performance.now()
  const isAnswered = await listener.stop(drainPatienceMs)
  const leftMs = drainPatienceMs - (performance.now() - started)
  const isDrained = (await serve.serving?.end(leftMs)) ?? true
  serve.log.info(isAnswered && isDrained ? 'ended' : 'ended before all was through: the rest is handed back')
  return isAnswered && isDrained
}
