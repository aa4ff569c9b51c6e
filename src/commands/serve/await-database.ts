// Opens the database for a command that may start before its MongoDB does.

import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../../config/config.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Database, type EmbeddedServer, openDatabase } from '../../store/database.ts'
import { embeddedLines } from '../../ui/embedded-lines.ts'

/** Pause before it is tried again; each try waits ten seconds by itself. */
const pauseMs = 500

interface Waiting {
  readonly log: Log
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/**
 * Opens the database, as often as it takes until the signal; null once that came. Throws what waiting does not mend:
 * `config_invalid`, and whatever keeps the embedded server from starting.
 */
export const awaitDatabase = async (config: Config, { log, signal }: Waiting): Promise<Database | null> => {
  const listener = {
    onProgress: (text: string) => log.info(text),
    onEmbedded: (server: EmbeddedServer) => log.info(embeddedLines(server).join('. ')),
    onAway: (error: BillingSyncError) =>
      log.error('the embedded MongoDB does not come back, and is tried again', error),
    onLost: (error: BillingSyncError) =>
      log.error('the embedded MongoDB does not come back for this process: start it again', error),
  }
  while (!signal.aborted) {
    try {
      const database = await openDatabase(config, listener)
      if (!signal.aborted) return database
      await database.close()
    } catch (error) {
      await sitOut(error, { log, signal })
    }
  }
  return null
}

/**
 * Does work on the database that was opened, as often as it takes until the signal: MongoDB may go away again before all is
 * started. Throws what waiting does not mend, and what the last try met where the signal came.
 */
export const untilAnswered = async <Result>(
  work: () => Promise<Result>,
  waiting: Waiting,
): Promise<Result> => {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      await sitOut(error, waiting)
      if (waiting.signal.aborted) throw error
    }
  }
}

const sitOut = async (error: unknown, { log, signal }: Waiting): Promise<void> => {
  if (!(error instanceof BillingSyncError && error.code === 'mongodb_unavailable')) throw error
  log.error('MongoDB is away; webhooks are answered 503 until it is there', error)
  await wait(pauseMs, undefined, { signal }).catch(() => undefined)
}
