// Shows the dashboard on stderr while `serve` runs. Only where that has a live screen.

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
  const [{ openLiveScreen }, { ServeScreen }] = await Promise.all([
    import('./live-screen.ts'),
    import('./serve-screen.tsx'),
  ])
  decideColour(process.stderr)
  const started = performance.now()
  let now = await state()
  const screen = openLiveScreen(process.stderr, ({ columns, rows }) => (
    <ServeScreen {...{ tally, state: now, columns, rows }} elapsedMs={performance.now() - started} />
  ))
  let isDrawing = false
  const timer = setInterval(async () => {
    if (isDrawing) return
    isDrawing = true
    now = await state()
    screen.draw()
    isDrawing = false
  }, drawIntervalMs)
  return {
    stop: () => {
      clearInterval(timer)
      screen.close()
    },
  }
}
