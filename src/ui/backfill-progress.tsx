// Progress of a backfill on stderr.

import type { BackfillTally } from '../sources/backfill/backfill-tally.ts'
import { phasesText, waitTexts } from './backfill-texts.ts'
import { type Progress, type ProgressPlace, type ProgressView, showProgress } from './progress.ts'

/** Shows a tally while it grows, on stderr. */
export const showBackfill = (tally: BackfillTally, place: ProgressPlace): Progress =>
  showProgress(viewOf(tally), place)

/** Returns what is shown of a tally. */
export const viewOf = (tally: BackfillTally): ProgressView => ({
  describe: (seconds) => {
    const counts = tally.accounts.flatMap(({ resources }) => [...resources.values()])
    const read = counts.reduce((sum, count) => sum + count.read, 0)
    const fields = { read, rate: Math.round(read / seconds) }
    return { text: [`backfilling, accounts ${phasesText(tally)}`, ...waitTexts(tally)].join(', '), fields }
  },
  openScreen: async () => {
    const { BackfillScreen } = await import('./backfill-screen.tsx')
    return (_elapsedMs, { columns, rows }) => (
      <BackfillScreen tally={tally} now={performance.now()} columns={columns} rows={rows} />
    )
  },
})
