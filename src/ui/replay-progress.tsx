// Progress of a replay on stderr.

import type { Log } from '../log.ts'
import type { ReplayTally } from '../sources/replay-tally.ts'
import { type Progress, showProgress } from './progress.ts'

/** Shows a tally while it grows, on stderr. */
export const showReplay = (tally: ReplayTally, log: Log, signal: AbortSignal): Progress =>
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
    log,
    signal,
  )
