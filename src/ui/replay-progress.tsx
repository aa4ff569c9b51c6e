// Progress of a replay on stderr: a live screen on a terminal, a log line now and then elsewhere.

import type { Ora } from 'ora'
import type { Log } from '../log.ts'
import type { ReplayTally } from '../sources/replay-summary.ts'
import type { DatabaseListener } from '../store/database.ts'
import { settleColour } from './colour.ts'

/** How often a log line tells how far a long replay is, and how often the screen is drawn. */
const logIntervalMs = 5_000
const drawIntervalMs = 125

export interface Progress extends DatabaseListener {
  /** Begins to show the replay itself; before that, only what is waited for is shown. */
  start(): Promise<void>
  /** Takes the screen away. */
  stop(): void
}

/** Shows a tally while it grows, on stderr. */
export const showProgress = (tally: ReplayTally, log: Log): Progress => {
  settleColour(process.stderr)
  return process.stderr.isTTY ? new TerminalProgress(tally) : new LogProgress(tally, log)
}

class LogProgress implements Progress {
  readonly #tally: ReplayTally
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined

  constructor(tally: ReplayTally, log: Log) {
    this.#tally = tally
    this.#log = log
  }

  onProgress = (text: string): void => this.#log.info(text)

  onEmbedded: DatabaseListener['onEmbedded'] = (server) =>
    this.#log.info(embeddedText(server).replace('\n', '. '))

  async start(): Promise<void> {
    const started = performance.now()
    this.#timer = setInterval(() => {
      const { read, waitingFor } = this.#tally
      const seconds = (performance.now() - started) / 1000
      this.#log.info(waitingFor === null ? 'replaying' : `waiting: ${waitingFor}`, {
        read,
        rate: Math.round(read / seconds),
      })
    }, logIntervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

class TerminalProgress implements Progress {
  readonly #tally: ReplayTally
  #spinner: Ora | null = null
  #isWaiting = true
  #stopScreen: (() => void) | null = null

  constructor(tally: ReplayTally) {
    this.#tally = tally
  }

  onProgress = async (text: string): Promise<void> => {
    const { default: ora } = await import('ora')
    // What was waited for may have come while ora was loading; its timer would never end then.
    if (!this.#isWaiting) return
    this.#spinner ??= ora({ stream: process.stderr }).start()
    this.#spinner.text = text
  }

  onEmbedded: DatabaseListener['onEmbedded'] = (server) => {
    this.#stopSpinner()
    process.stderr.write(`${embeddedText(server)}\n`)
  }

  // ink takes 370 ms to load (measured), so only a replay that a person watches pays for it.
  async start(): Promise<void> {
    this.#stopSpinner()
    const [{ render }, { ReplayScreen }] = await Promise.all([import('ink'), import('./replay-screen.tsx')])
    const started = performance.now()
    const draw = () => <ReplayScreen tally={this.#tally} elapsedMs={performance.now() - started} />
    const screen = render(draw(), { stdout: process.stderr, patchConsole: false, exitOnCtrlC: false })
    const timer = setInterval(() => screen.rerender(draw()), drawIntervalMs)
    this.#stopScreen = () => {
      clearInterval(timer)
      screen.clear()
      screen.unmount()
    }
  }

  stop(): void {
    this.#stopSpinner()
    this.#stopScreen?.()
    this.#stopScreen = null
  }

  #stopSpinner(): void {
    this.#isWaiting = false
    this.#spinner?.stop()
    this.#spinner = null
  }
}

const embeddedText = ({ program, folder }: { readonly program: string; readonly folder: string }): string =>
  `No MONGODB_URI is set: using the embedded ${program}\nIts data lies in ${folder}`
