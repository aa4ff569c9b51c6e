// Shows the dashboard on stderr while `serve` runs. Only on a terminal: ink writes control characters into pipes.

import type { ServeTally } from '../watch/serve-tally.ts'
import { decideColour } from './colour.ts'
import type { ServeState } from './serve-screen.tsx'

/** How often the screen is drawn. */
const drawIntervalMs = 500

/** Draws the dashboard until it is stopped. */
export const showDashboard = async (
  tally: ServeTally,
  state: () => Promise<ServeState>,
): Promise<{ readonly stop: () => void }> => {
  const [{ render }, { ServeScreen }] = await Promise.all([import('ink'), import('./serve-screen.tsx')])
  decideColour(process.stderr)
  const started = performance.now()
  const screenOf = (now: ServeState) => (
    <ServeScreen
      tally={tally}
      state={now}
      elapsedMs={performance.now() - started}
      columns={process.stderr.columns || 80}
      rows={process.stderr.rows || 24}
    />
  )
  const screen = render(screenOf(await state()), {
    stdout: process.stderr,
    patchConsole: false,
    exitOnCtrlC: false,
  })
  let isDrawing = false
  const timer = setInterval(async () => {
    if (isDrawing) return
    isDrawing = true
    screen.rerender(screenOf(await state()))
    isDrawing = false
  }, drawIntervalMs)
  return {
    stop: () => {
      clearInterval(timer)
      screen.unmount()
    },
  }
}
