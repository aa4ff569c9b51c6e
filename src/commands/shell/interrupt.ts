// SIGINT and SIGTERM: the first asks a command to stop, the second ends it at once.

import { setMaxListeners } from 'node:events'
import { isRetryable } from '../../errors.ts'

/** Exit codes by signal, as shells give them: 128 + the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

export interface Interrupt {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal
  /** Set once a signal came. */
  readonly exitCode: number | null
}

/** Listens for signals until the process ends. */
export const onInterrupt = (): Interrupt => {
  const controller = new AbortController()
  // As many listen as requests are under way.
  setMaxListeners(0, controller.signal)
  let exitCode: number | null = null
  const stop = (name: keyof typeof exitCodes): void => {
    if (exitCode !== null) process.exit(exitCodes[name])
    exitCode = exitCodes[name]
    controller.abort()
  }
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
  }
}

/** Tells whether an error is only what a command was waiting out when its signal came: trouble that passes. */
export const wasWaiting = ({ exitCode }: Interrupt, error: unknown): boolean =>
  exitCode !== null && isRetryable(error)

/**
 * Ends the process as its signal asked, once stdout has what was printed: the driver lets go of a connection that it is
 * still making after 30 s only.
 */
export const endNow = ({ exitCode }: Interrupt): Promise<never> =>
  new Promise(() => process.stdout.write('', () => process.exit(exitCode ?? 1)))
