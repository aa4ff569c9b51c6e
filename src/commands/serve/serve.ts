// `billing-sync serve`: wiring only. The listener answers before the database is there, with 503, and until the very end.

import { once } from 'node:events'
import { type Config, type ConfigFlags, loadConfig } from '../../config/config.ts'
import { BillingSyncError } from '../../errors.ts'
import { inTime } from '../../in-time.ts'
import { type Log, openLog, openPatientStderr } from '../../log.ts'
import {
  type EndpointSecret,
  endpointSecretsOf,
  type KnownSecrets,
} from '../../sources/webhook/endpoint-secrets.ts'
import { type Listener, openListener } from '../../sources/webhook/listener.ts'
import { hasLiveScreen } from '../../ui/has-live-screen.ts'
import { showDashboard } from '../../ui/serve-dashboard.tsx'
import { type Metrics, openMetrics } from '../../watch/metrics.ts'
import { type ServeListener, tellAll } from '../../watch/serve-listener.ts'
import { ServeTally } from '../../watch/serve-tally.ts'
import { openCallsWithKey } from '../opening/open-stripe-access.ts'
import { onInterrupt } from '../shell/interrupt.ts'
import { keyMissing } from '../shell/key-missing.ts'
import { awaitDatabase } from './await-database.ts'
import { openServing, type Serving } from './open-serving.ts'
import { logServing } from './serve-log.ts'
import type { ServeRole } from './serve-role.ts'

export interface ServeFlags {
  readonly role: ServeRole
  readonly catchUp?: boolean
  readonly dashboard?: boolean
  readonly json?: boolean
}

/** How long the end may take in all; what is not through by then is handed back. */
const endPatienceMs = 9_500

/** Of that, what the answers to open requests, and the batches under way, may take. */
const drainPatienceMs = 7_000

/** How long the process is left to end by itself once all is through. */
const leftoverMs = 100

interface Serve {
  readonly config: Config
  readonly role: ServeRole
  readonly catchesUp: boolean
  readonly log: Log
  readonly listener: ServeListener
  readonly metrics: Metrics
  /** Counts for the dashboard and the result. */
  readonly tally: ServeTally
  /** Settles once all that the open database allows is started; null before it is open. */
  opening: Promise<Serving> | null
  /** Null until then. */
  serving: Serving | null
  isEnding: boolean
}

/** Serves until a signal comes, and returns the exit code. Throws coded errors for what keeps it from serving. */
export const runServe = async ({
  role,
  catchUp = false,
  dashboard,
  json = false,
  ...flags
}: ServeFlags & ConfigFlags): Promise<number> => {
  const config = await loadConfig(flags)
  if (catchUp && config.stripeKey === undefined) throw keyMissing('--catch-up')
  // Where there is no live screen, the log is written as ever.
  const hasScreen = dashboard === true && hasLiveScreen(process.stderr, config)
  const started = performance.now()
  const secrets = role === 'work' ? [] : configuredSecrets(config)
  const interrupt = onInterrupt()
  // Before anything is waited for: a signal that nobody hears does not come again.
  const ended = once(interrupt.signal, 'abort')
  const serve = prepare(config, { role, catchesUp: catchUp }, { hasScreen, json })
  const listener = await listen(serve, secrets)
  serve.log.info(`listening on ${listener.url}`)
  const print = (): void => {
    if (json) process.stdout.write(`${JSON.stringify(serve.tally.summary(performance.now() - started))}\n`)
  }
  const screen = hasScreen ? await openScreen(serve, listener) : null
  try {
    await Promise.race([ended, start(serve, listener, interrupt.signal).then(() => ended)])
  } catch (error) {
    screen?.stop()
    await listener.stop(0)
    await serve.serving?.end(drainPatienceMs)
    if (!(error instanceof BillingSyncError && error.exitCode === 2)) print()
    throw error
  }
  try {
    return (await end(serve, listener)) ? 0 : 1
  } finally {
    screen?.stop()
    print()
  }
}

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

const prepare = (
  config: Config,
  asked: Pick<Serve, 'role' | 'catchesUp'>,
  { hasScreen, json }: { readonly hasScreen: boolean; readonly json: boolean },
): Serve => {
  const log = openLog(hasScreen ? 'silent' : (config.logLevel ?? 'info'), openPatientStderr())
  const tally = new ServeTally()
  const metrics = openMetrics({
    backlogDepth: () => serve.serving?.backlog.state.depth ?? 0,
    oldestWaitingSeconds: () => oldestSecondsOf(serve),
    socketClients: () => serve.serving?.sinks?.clients() ?? 0,
    backfillsWanted: () => serve.serving?.backfillsWanted() ?? 0,
    isMongodbAvailable: () => serve.serving?.gate.isOpen === true,
  })
  const listener = tellAll([metrics, logServing(log), ...(hasScreen || json ? [tally] : [])])
  const serve: Serve = {
    config,
    ...asked,
    log,
    listener,
    metrics,
    tally,
    opening: null,
    serving: null,
    isEnding: false,
  }
  return serve
}

const oldestSecondsOf = ({ serving }: Serve): number => {
  const oldest = serving?.backlog.state.oldest ?? null
  return oldest === null ? 0 : (Date.now() - oldest.getTime()) / 1000
}

const openScreen = (serve: Serve, { url }: Listener) =>
  showDashboard(serve.tally, async () => ({
    ...(await readinessOf(serve)),
    url,
    role: serve.role,
    waiting: serve.serving?.backlog.state.depth ?? 0,
    oldestSeconds: oldestSecondsOf(serve),
    clients: serve.serving?.sinks?.clients() ?? 0,
  }))

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
            secrets: () => secretsOf(serve, secrets),
            platformAccount: () => serve.serving?.ingest?.platformAccount() ?? Promise.reject(notYet()),
            receive: async (delivery, patienceMs) =>
              serve.serving?.ingest?.intake.receive(delivery, patienceMs) ?? 'mongodb_unavailable',
            listener,
          },
  })
}

// Before the database is there, those of the config are known: what they signed gets past the check, and is told to wait.
const secretsOf = ({ serving }: Serve, configured: readonly EndpointSecret[]): KnownSecrets => ({
  list: serving?.ingest?.secrets ?? configured,
  isComplete: serving !== null,
})

const notYet = (): BillingSyncError => new BillingSyncError('mongodb_unavailable', { reason: 'not open yet' })

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
  let calls: Awaited<ReturnType<typeof openCallsWithKey>> = null
  try {
    calls = await openCallsWithKey(config, serve.listener.onStripeAnswer)
    const asked = {
      config,
      role,
      catchesUp,
      database,
      calls,
      log,
      httpServer,
      listener: serve.listener,
      signal,
    }
    serve.opening = openServing(asked)
    serve.serving = await serve.opening
  } catch (error) {
    calls?.close()
    await database.close()
    throw error
  }
  log.info('serving')
  await serve.serving.keyFits
}

const end = async (serve: Serve, listener: Listener): Promise<boolean> => {
  serve.isEnding = true
  serve.log.info('ending: what is under way is finished')
  // Whatever hangs by then, such as a server that is frozen, hangs for good: the end is told all the same.
  const isClean = await inTime(finish(serve, listener), endPatienceMs, false)
  serve.log.info(isClean ? 'ended' : 'ended before all was through: the rest is handed back')
  // What still keeps the process has nothing to finish: the wait for a MongoDB that is away, or for an answer of Stripe.
  setTimeout(() => process.exit(isClean ? 0 : 1), leftoverMs).unref()
  return isClean
}

const finish = async (serve: Serve, listener: Listener): Promise<boolean> => {
  const started = performance.now()
  // Support clients stay connected for as long as they are let: they come back to another process, and are told the rest.
  const isAnswered = await listener.stop(drainPatienceMs, () => serve.serving?.sinks?.disconnectClients())
  const leftMs = drainPatienceMs - (performance.now() - started)
  const isDrained = await endServing(serve, leftMs)
  return isAnswered && isDrained
}

/** A start that failed, as one does that a signal keeps from waiting on: it has closed what it had opened. */
const failed = 'failed' as const

// A start under way is waited for: only then can what it opened be closed.
const endServing = async ({ opening }: Serve, patienceMs: number): Promise<boolean> => {
  if (opening === null) return true
  const serving = await inTime(
    opening.catch(() => failed),
    patienceMs,
    null,
  )
  return serving === failed || ((await serving?.end(patienceMs)) ?? false)
}
