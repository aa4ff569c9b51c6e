// The screen of a replay under way.

import { Box, Text } from 'ink'
import type { ReplayTally } from '../sources/replay-tally.ts'
import { bar, inDigits, inTime } from './figures.ts'

interface ReplayScreenProps {
  readonly tally: ReplayTally
  readonly elapsedMs: number
}

/** Width of the bar, in columns. */
const barWidth = 30

/** Shows how far the replay is, its rate, what remains, and what came of the events so far. */
export const ReplayScreen = ({ tally, elapsedMs }: ReplayScreenProps) => {
  const seconds = elapsedMs / 1000
  const { share } = tally
  const remaining = share === null || share === 0 ? null : (seconds / share) * (1 - share)
  const { applied, unchanged, stale, ignored, failed, invalid } = tally.counts
  const troubles = failed + invalid
  return (
    <Box flexDirection="column">
      <Text>
        {share === null ? '' : `${bar(share, barWidth)} ${Math.floor(share * 100)} %  `}
        {inDigits(tally.read)} events, {inDigits(Math.round(tally.read / Math.max(seconds, 0.1)))}
        /s
        {remaining === null ? '' : `, ${inTime(remaining)} left`}
      </Text>
      <Text dimColor>
        applied {inDigits(applied)} · unchanged {inDigits(unchanged)} · stale {inDigits(stale)} · ignored{' '}
        {inDigits(ignored)}
      </Text>
      {troubles > 0 ? <Text color="red">failed or invalid {inDigits(troubles)}</Text> : null}
      {tally.waitingFor === null ? null : <Text color="yellow">waiting: {tally.waitingFor}</Text>}
    </Box>
  )
}
