// The screen of a replay under way.

import { Box } from 'ink'
import type { ReplayTally } from '../sources/replay-tally.ts'
import { bar, inDigits, inTime } from './figures.ts'
import { type Line, Lines } from './lines.tsx'

interface ReplayScreenProps {
  readonly tally: ReplayTally
  readonly elapsedMs: number
  /** Rows of the terminal. */
  readonly rows: number
}

/** Width of the bar, in columns. */
const barWidth = 30

/**
 * Shows how far the replay is, its rate, what remains, and what came of the events so far; on a low terminal as much of it
 * as there is room for.
 */
export const ReplayScreen = ({ tally, elapsedMs, rows }: ReplayScreenProps) => (
  <Box flexDirection="column">
    <Lines lines={linesOf(tally, elapsedMs / 1000)} rows={rows} />
  </Box>
)

const linesOf = (tally: ReplayTally, seconds: number): readonly Line[] => {
  const { applied, unchanged, stale, ignored, failed, invalid } = tally.counts
  const outcomes = { applied, unchanged, stale, ignored }
  const outcomesText = Object.entries(outcomes).map(([name, count]) => `${name} ${inDigits(count)}`)
  const troubles = failed + invalid
  return [
    { key: 'pace', text: paceText(tally, seconds), look: {} },
    { key: 'outcomes', text: outcomesText.join(' · '), look: { dimColor: true } },
    ...(troubles > 0
      ? [{ key: 'troubles', text: `failed or invalid ${inDigits(troubles)}`, look: { color: 'red' } }]
      : []),
    ...(tally.waitingFor === null
      ? []
      : [{ key: 'waiting', text: `waiting: ${tally.waitingFor}`, look: { color: 'yellow' } }]),
  ]
}

const paceText = ({ share, read, waitingFor }: ReplayTally, seconds: number): string => {
  const pace = `${inDigits(read)} events, ${inDigits(Math.round(read / Math.max(seconds, 0.1)))}/s`
  const begun = share === null ? pace : `${bar(share, barWidth)} ${Math.floor(share * 100)} %  ${pace}`
  // Nobody knows how long a wait takes.
  if (share === null || share === 0 || waitingFor !== null) return begun
  return `${begun}, ${inTime((seconds / share) * (1 - share))} left`
}
