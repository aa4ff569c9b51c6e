// Opens the database for a command that may start before its MongoDB does.

import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../../config/config.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Database, type EmbeddedServer, openDatabase } from '../../store/database.ts'
import { embeddedLines } from '../../ui/embedded-lines.ts'

/** Pause before it is tried again; each try waits ten seconds by itself. */
const pauseMs = 500

/**
 * Opens the database, as often as it takes until the signal; null once that came. Throws what waiting does not mend:
 * `config_invalid`, and whatever keeps the embedded server from starting.
 */
export const awaitDatabase = async (
  config: Config,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<Database | null> => {
  const listener = {
    onProgress: (text: string) => log.info(text),
    onEmbedded: (server: EmbeddedServer) => log.info(embeddedLines(server).join('. ')),
    onLost: (error: BillingSyncError) =>
      log.error('the embedded MongoDB does not come back for this process: start it again', error),
  }
  while (!signal.aborted) {
    try {
      const database = await openDatabase(config, listener)
      if (!signal.aborted) return database
      await database.close()
    } catch (error) {
      if (!(error instanceof BillingSyncError && error.code === 'mongodb_unavailable')) throw error
      log.error('MongoDB is away; webhooks are answered 503 until it is there', error)
      await wait(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
  return null
}
