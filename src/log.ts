// The log: one JSON line each, on stderr. Guarantee: only fields that are named here reach it; never a payload, an
// address, a name or a key.

import { type DestinationStream, pino } from 'pino'
import { printable } from './core/printable.ts'
import { BillingSyncError } from './errors.ts'

/** Fields that a line may carry. */
export interface LogFields {
  readonly event_id?: string | null
  readonly account?: string
  readonly type?: string
  readonly object_id?: string | null
  readonly outcome?: string
  readonly code?: string | null
  readonly ms?: number
  readonly read?: number
  readonly rate?: number
  readonly sink?: string
  readonly count?: number
}

// As a table the compiler asks for each: one that were missing would silently reach no line.
const namedFields = {
  event_id: true,
  account: true,
  type: true,
  object_id: true,
  outcome: true,
  code: true,
  ms: true,
  read: true,
  rate: true,
  sink: true,
  count: true,
} as const satisfies Readonly<Record<keyof LogFields, true>>
const fieldNames = Object.keys(namedFields) as readonly (keyof LogFields)[] // exactly its keys

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, error: unknown): void
}

/** Most text that waits to be written; what comes beyond it is left out, as nobody has read for long. */
const mostWaitingBytes = 8 * 1024 * 1024

/** How often a full pipe is tried again at the end of the process, a tenth of a second each. */
const triesAtEnd = 3

/**
 * Returns stderr for a process that keeps answering others: a line waits while the ones before it are written, and goes
 * with all that came meanwhile. A reader who does not keep up never holds the process; one that ends gives him a moment.
 */
export const openPatientStderr = (): DestinationStream => {
  let tries: number | null = null
  let hasRoom = true
  process.once('exit', () => {
    tries = 0
    // What finds no room would be written again and again: the process would never end.
    if (!hasRoom) stderr.destroy()
  })
  const retryEAGAIN = (): boolean => tries === null || ++tries <= triesAtEnd
  const stderr = openStderr({ sync: false, retryEAGAIN })
  stderr.on('error', () => {
    hasRoom = false
  })
  stderr.on('write', () => {
    hasRoom = true
  })
  return stderr
}

// Work goes on where its log has no room, as on a full disk: there is nowhere to tell that, and what waits is written
// once there is room.
const openStderr = (options: { readonly sync: boolean; readonly retryEAGAIN?: () => boolean }) => {
  const stderr = pino.destination({ dest: 2, maxLength: mostWaitingBytes, ...options })
  stderr.on('error', () => undefined)
  return stderr
}

/** Returns a log of the given level that writes to stderr, or to the stream given. It never throws. */
export const openLog = (level: string, destination: DestinationStream = openStderr({ sync: true })): Log => {
  const logger = pino({ level, base: null }, destination)
  return {
    debug: (message, fields = {}) => {
      // Bulk commands tell every event here, mostly to nobody.
      if (logger.isLevelEnabled('debug')) logger.debug(namedOnly(fields), message)
    },
    info: (message, fields = {}) => logger.info(namedOnly(fields), message),
    warn: (message, fields = {}) => logger.warn(namedOnly(fields), message),
    error: (message, error) => logger.error({ code: codeOf(error) }, message),
  }
}

// An object may hold more than its type says.
const namedOnly = (fields: LogFields): LogFields =>
  Object.fromEntries(
    fieldNames.filter((name) => fields[name] !== undefined).map((name) => [name, shown(fields[name])]),
  )

// JSON escapes some control characters only, and whoever reads a log reads it on a terminal.
const shown = (value: unknown): unknown => (typeof value === 'string' ? printable(value) : value)

// An error's own text may quote what was in hand when it was thrown.
const codeOf = (error: unknown): string =>
  error instanceof BillingSyncError ? error.code : error instanceof Error ? error.name : typeof error
