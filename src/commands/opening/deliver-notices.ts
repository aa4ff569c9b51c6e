// Delivers what a command's own commits owe, for commands that end: nobody has to run `serve` for the queue to learn
// of a replay. What a receiver can't be told in time stays in the outbox, for the next command or `serve`.

import type { Config } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import type { Database } from '../../store/database.ts'
import { logDeliveries } from './log-deliveries.ts'
import { redisPlaceOf } from './redis-place.ts'

interface Delivering {
  readonly config: Config
  readonly database: Database
  readonly log: Log
  readonly signal: AbortSignal
}

/** How long a command that is through with its work waits for its notices to be delivered. */
const drainPatienceMs = 10_000

/** Runs work with the sinks open, and waits at its end until what it owes is delivered, ten seconds at most. */
export const deliveringNotices = async <Result>(
  { config, database, log, signal }: Delivering,
  work: () => Promise<Result>,
): Promise<Result> => {
  if (config.redisUrl === undefined && config.socketSecret === undefined) return work()
  const { openSinks } = await import('./open-sinks.ts')
  const redis = await redisPlaceOf(config, database)
  const listener = logDeliveries(log, 'debug')
  const sinks = await openSinks({ config, database, redis, httpServer: null, listener })
  try {
    const result = await work()
    if (!(await sinks.drain(signal.aborted ? 0 : drainPatienceMs)))
      log.warn(
        'some notices are not delivered yet: they wait in billing.outbox for the next command or serve',
      )
    return result
  } finally {
    await sinks.close()
  }
}
