// Progress of a replay on stderr.

import type { ReplayTally } from '../sources/replay-tally.ts'
import { type Progress, type ProgressPlace, showProgress } from './progress.ts'

/** Shows a tally while it grows, on stderr. */
export const showReplay = (tally: ReplayTally, place: ProgressPlace): Progress =>
  showProgress(
    {
      describe: (seconds) => {
        const { read, waitingFor } = tally
        const text = waitingFor === null ? 'replaying' : `waiting: ${waitingFor}`
        return { text, fields: { read, rate: Math.round(read / seconds) } }
      },
      openScreen: async () => {
        const { ReplayScreen } = await import('./replay-screen.tsx')
        return (elapsedMs, { rows }) => <ReplayScreen tally={tally} elapsedMs={elapsedMs} rows={rows} />
      },
    },
    place,
  )
