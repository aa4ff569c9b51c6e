// Progress of a long command on stderr: a live screen where there is one, a log line now and then elsewhere.

import type { Ora } from 'ora'
import type { ReactElement } from 'react'
import type { Log, LogFields } from '../log.ts'
import type { DatabaseListener } from '../store/database.ts'
import { decideColour } from './colour.ts'
import { embeddedLines } from './embedded-lines.ts'
import type { ScreenSize } from './live-screen.ts'

/** How often a log line tells how far a long command is, and how often the screen is drawn. */
const logIntervalMs = 5_000
const drawIntervalMs = 125

export interface Progress extends DatabaseListener {
  /** Begins to show the work itself; before that, only what is waited for is shown. */
  start(): Promise<void>
  /** Takes the screen away. */
  stop(): void
}

/** What a command shows of its work. */
export interface ProgressView {
  /** Returns what a log line tells after so many seconds. */
  readonly describe: (seconds: number) => { readonly text: string; readonly fields: LogFields }
  /** Loads what draws the screen, for people alone: ink takes 370 ms to load (measured). */
  readonly openScreen: () => Promise<(elapsedMs: number, size: ScreenSize) => ReactElement>
}

/** What is said between a first signal and the end. */
const endingText = 'Ending: what is begun is finished first. A second Ctrl-C ends at once.'

/** Rows that this takes of the screen. */
const endingRows = 1

/** Where progress is shown. */
export interface ProgressPlace {
  readonly log: Log
  /** True where stderr has a live screen; where it has none, the log is told. */
  readonly isLive: boolean
  /** Aborts once the command is to end. */
  readonly signal: AbortSignal
}

/** Shows the view until it is stopped. */
export const showProgress = (view: ProgressView, { log, isLive, signal }: ProgressPlace): Progress => {
  decideColour(process.stderr)
  return isLive ? new TerminalProgress(view, signal) : new LogProgress(view, log, signal)
}

class LogProgress implements Progress {
  readonly #view: ProgressView
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined

  constructor(view: ProgressView, log: Log, signal: AbortSignal) {
    this.#view = view
    this.#log = log
    signal.addEventListener('abort', () => log.info(endingText), { once: true })
  }

  onProgress = (text: string): void => this.#log.info(text)

  onEmbedded: DatabaseListener['onEmbedded'] = (server) => this.#log.info(embeddedLines(server).join('. '))

  async start(): Promise<void> {
    const started = performance.now()
    this.#timer = setInterval(() => {
      const { text, fields } = this.#view.describe((performance.now() - started) / 1000)
      this.#log.info(text, fields)
    }, logIntervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

class TerminalProgress implements Progress {
  readonly #view: ProgressView
  readonly #signal: AbortSignal
  #spinner: Ora | null = null
  #isWaiting = true
  #stopScreen: (() => void) | null = null

  constructor(view: ProgressView, signal: AbortSignal) {
    this.#view = view
    this.#signal = signal
  }

  onProgress = async (text: string): Promise<void> => {
    const { default: ora } = await import('ora')
    // What was waited for may have come while ora was loading; its timer would never end then.
    if (!this.#isWaiting) return
    // That there is a live screen is settled: ora would ask the environment in words of its own. Left to discard what is typed,
    // it would have the terminal send no signal for Ctrl-C, and never read the key itself.
    this.#spinner ??= ora({ stream: process.stderr, isEnabled: true, discardStdin: false }).start()
    this.#spinner.text = text
  }

  onEmbedded: DatabaseListener['onEmbedded'] = (server) => {
    this.#stopSpinner()
    process.stderr.write(`${embeddedLines(server).join('\n')}\n`)
  }

  async start(): Promise<void> {
    this.#stopSpinner()
    const [{ Box, Text }, { createElement }, { openLiveScreen }, draw] = await Promise.all([
      ...([import('ink'), import('react'), import('./live-screen.ts')] as const),
      this.#view.openScreen(),
    ])
    const started = performance.now()
    const ending = createElement(Text, { color: 'yellow', wrap: 'truncate' }, endingText)
    const screen = openLiveScreen(process.stderr, ({ columns, rows }) => {
      const elapsedMs = performance.now() - started
      if (!this.#signal.aborted) return draw(elapsedMs, { columns, rows })
      const work = draw(elapsedMs, { columns, rows: rows - endingRows })
      return createElement(Box, { flexDirection: 'column' }, work, ending)
    })
    const timer = setInterval(screen.draw, drawIntervalMs)
    this.#stopScreen = () => {
      clearInterval(timer)
      screen.clear()
      screen.close()
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
