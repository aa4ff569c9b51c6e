// The screen of a backfill under way: per account and resource a bar, with rate, requests and what it waits for.

import { Box, Text } from 'ink'
import type { AccountTally, BackfillTally, ResourceProgress } from '../sources/backfill/backfill-tally.ts'

interface BackfillScreenProps {
  readonly tally: BackfillTally
  /** Milliseconds on the monotonic clock. */
  readonly now: number
  /** Size of the terminal. */
  readonly columns: number
  readonly rows: number
}

/** Width of a bar, in columns. */
const barWidth = 20

/** Lines that are not of accounts: the totals and what is hidden. */
const otherLines = 3

/** Shows how far the backfill is: the totals, then the accounts under way, then the next ones. */
export const BackfillScreen = ({ tally, now, columns, rows }: BackfillScreenProps) => {
  const running = tally.accounts.filter(({ phase }) => phase === 'running')
  const blocks = running.map((account) => accountLines(account, now))
  const shown = fitting(blocks, Math.max(4, rows - otherLines - 1))
  const hidden = running.length - shown.length
  return (
    <Box flexDirection="column" width={columns}>
      <Text bold wrap="truncate">
        {totals(tally, now)}
      </Text>
      <Text dimColor wrap="truncate">
        {phases(tally)}
      </Text>
      {shown.flat().map(({ key, text, color }) => (
        <Text key={key} wrap="truncate" {...(color === undefined ? {} : { color })}>
          {text}
        </Text>
      ))}
      {hidden > 0 ? <Text dimColor>… and {hidden} more accounts under way</Text> : null}
    </Box>
  )
}

interface Line {
  readonly key: string
  readonly text: string
  readonly color?: string
}

const fitting = (blocks: readonly (readonly Line[])[], lines: number): readonly (readonly Line[])[] => {
  let used = 0
  return blocks.filter((block) => {
    used += block.length
    return used <= lines
  })
}

const totals = ({ accounts }: BackfillTally, now: number): string => {
  const counts = accounts.flatMap(({ resources }) => [...resources.values()])
  const total = (name: 'read' | 'requests' | 'limited') => counts.reduce((sum, count) => sum + count[name], 0)
  const started = Math.min(...accounts.map(({ startedAt }) => startedAt ?? now))
  const seconds = Math.max(0.1, (now - started) / 1000)
  const parts = [
    `${inDigits(total('read'))} objects, ${inDigits(Math.round(total('read') / seconds))}/s`,
    `${inDigits(total('requests'))} requests, ${(total('requests') / seconds).toFixed(1)}/s`,
    `429: ${inDigits(total('limited'))}`,
    inTime(seconds),
  ]
  return parts.join(' · ')
}

const phases = ({ accounts }: BackfillTally): string => {
  const count = (phase: AccountTally['phase']) => accounts.filter((account) => account.phase === phase).length
  return (['running', 'waiting', 'done', 'failed'] as const)
    .map((phase) => `${phase} ${inDigits(count(phase))}`)
    .join(' · ')
}

const accountLines = (
  { account, resources, waitingFor, startedAt }: AccountTally,
  now: number,
): readonly Line[] => {
  const seconds = Math.max(0.1, (now - (startedAt ?? now)) / 1000)
  const counts = [...resources.values()]
  const total = (name: 'requests' | 'limited') => counts.reduce((sum, count) => sum + count[name], 0)
  const waits = waitingFor === null ? '' : ` · waits for ${waitingFor}`
  const text = `${account}  ${inDigits(total('requests'))} requests · 429: ${total('limited')} · ${inTime(seconds)}${waits}`
  return [
    { key: account, text, color: waitingFor === null ? 'cyan' : 'yellow' },
    ...[...resources].map(([name, count]) => ({
      key: `${account} ${name}`,
      text: resourceText(name, count, seconds),
    })),
  ]
}

const resourceText = (name: string, count: ResourceProgress, seconds: number): string => {
  const share = count.complete ? 1 : shareOf(count)
  const left =
    share === null || share === 0 || share === 1 ? '' : `  ${inTime((seconds / share) * (1 - share))} left`
  const rate = `${inDigits(Math.round(count.read / seconds))}/s`
  return `  ${name.padEnd(14)}${bar(share)} ${inDigits(count.read).padStart(9)} ${rate.padStart(8)}${left}`
}

const shareOf = ({ read, remaining }: ResourceProgress): number | null =>
  remaining === null || read + remaining === 0 ? null : read / (read + remaining)

const bar = (share: number | null): string => {
  const filled = Math.round((share ?? 0) * barWidth)
  return '█'.repeat(filled) + '░'.repeat(barWidth - filled)
}

const inTime = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`

const inDigits = (value: number): string => value.toLocaleString('en-US')
