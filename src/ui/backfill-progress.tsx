// Progress of a backfill on stderr: a live screen on a terminal, a log line now and then elsewhere.

import type { Ora } from 'ora'
import type { Log } from '../log.ts'
import type { BackfillTally } from '../sources/backfill/backfill-tally.ts'
import type { DatabaseListener } from '../store/database.ts'

/** How often a log line tells how far a long backfill is, and how often the screen is drawn. */
const logIntervalMs = 5_000
const drawIntervalMs = 125

export interface BackfillProgress extends DatabaseListener {
  /** Begins to show the backfill itself; before that, only what is waited for is shown. */
  start(): Promise<void>
  /** Takes the screen away. */
  stop(): void
}

/** Shows a tally while it grows, on stderr. */
export const showBackfill = (tally: BackfillTally, log: Log): BackfillProgress =>
  process.stderr.isTTY ? new TerminalProgress(tally) : new LogProgress(tally, log)

class LogProgress implements BackfillProgress {
  readonly #tally: BackfillTally
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined

  constructor(tally: BackfillTally, log: Log) {
    this.#tally = tally
    this.#log = log
  }

  onProgress = (text: string): void => this.#log.info(text)

  onEmbedded: DatabaseListener['onEmbedded'] = (server) => this.#log.info(embeddedText(server))

  async start(): Promise<void> {
    const started = performance.now()
    this.#timer = setInterval(() => {
      const { accounts } = this.#tally
      const read = accounts
        .flatMap(({ resources }) => [...resources.values()])
        .reduce((sum, count) => sum + count.read, 0)
      const seconds = (performance.now() - started) / 1000
      this.#log.info('backfilling', { read, rate: Math.round(read / seconds) })
    }, logIntervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

class TerminalProgress implements BackfillProgress {
  readonly #tally: BackfillTally
  #spinner: Ora | null = null
  #isWaiting = true
  #stopScreen: (() => void) | null = null

  constructor(tally: BackfillTally) {
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

  // ink takes 370 ms to load (measured), so only a backfill that a person watches pays for it.
  async start(): Promise<void> {
    this.#stopSpinner()
    const [{ render }, { BackfillScreen }] = await Promise.all([
      import('ink'),
      import('./backfill-screen.tsx'),
    ])
    const draw = () => (
      <BackfillScreen
        tally={this.#tally}
        now={performance.now()}
        columns={process.stderr.columns ?? 80}
        rows={process.stderr.rows ?? 24}
      />
    )
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
  `No MONGODB_URI is set: using the embedded MongoDB (${program}), its data lies in ${folder}`
