// The screen of a replay under way.

import { Box, Text } from 'ink'
import type { ReplayTally } from '../sources/replay-summary.ts'

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
  const troubles = tally.counts.failed + tally.counts.invalid
  return (
    <Box flexDirection="column">
      <Text>
        {share === null ? '' : `${bar(share)} ${Math.floor(share * 100)} %  `}
        {tally.read.toLocaleString('en-US')} events,{' '}
        {Math.round(tally.read / Math.max(seconds, 0.1)).toLocaleString('en-US')}
        /s
        {remaining === null ? '' : `, ${formatSeconds(remaining)} left`}
      </Text>
      <Text dimColor>
        applied {tally.counts.applied} · unchanged {tally.counts.unchanged} · stale {tally.counts.stale} ·
        ignored {tally.counts.ignored}
      </Text>
      {troubles > 0 ? <Text color="red">failed or invalid {troubles}</Text> : null}
      {tally.waitingFor === null ? null : <Text color="yellow">waiting: {tally.waitingFor}</Text>}
    </Box>
  )
}

const bar = (share: number): string => {
  const filled = Math.round(share * barWidth)
  return '█'.repeat(filled) + '░'.repeat(barWidth - filled)
}

const formatSeconds = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
