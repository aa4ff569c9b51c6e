// The screen of a backfill under way: the totals, then the accounts by what they are doing, as many as fit.

import { Box } from 'ink'
import type { AccountPhase, AccountTally, BackfillTally } from '../sources/backfill/backfill-tally.ts'
import {
  accountText,
  headText,
  inPhase,
  phaseOrder,
  phasesText,
  resourceText,
  secondsBetween,
  totalsText,
} from './backfill-texts.ts'
import { inDigits } from './figures.ts'
import { type Line, Lines } from './lines.tsx'

interface BackfillScreenProps {
  readonly tally: BackfillTally
  /** Milliseconds on the monotonic clock. */
  readonly now: number
  /** Size of the terminal. */
  readonly columns: number
  readonly rows: number
}

/** Lines that are not of accounts: the two of totals, and the one that has to stay free. */
const otherLines = 3

/** A state whose accounts are not under way gets one line in so many for them. */
const lineShare = 8

/** Shows how far the backfill is; on a low terminal as much of it as there is room for. */
export const BackfillScreen = ({ tally, now, columns, rows }: BackfillScreenProps) => (
  <Box flexDirection="column" width={columns}>
    <Lines lines={linesOf(tally, now, rows)} rows={rows} />
  </Box>
)

const linesOf = (tally: BackfillTally, now: number, rows: number): readonly Line[] => [
  { key: 'totals', text: totalsText(tally, now), look: { bold: true } },
  { key: 'phases', text: phasesText(tally), look: { dimColor: true } },
  ...accountLines(tally, now, Math.max(1, rows - otherLines)),
]

// Those under way get what the others leave: each other state shows a few, the newest of those that ended.
const accountLines = ({ accounts }: BackfillTally, now: number, lines: number): readonly Line[] => {
  const running = inPhase(accounts, 'running')
  const room = Math.max(1, Math.floor(lines / lineShare))
  const others = phaseOrder.filter((phase) => phase !== 'running')
  const sections = new Map(
    others.map((phase) => [phase, section(phase, { ofPhase: inPhase(accounts, phase), now, room })]),
  )
  const taken = [...sections.values()].reduce((sum, { length }) => sum + length, 0)
  const shown = runningLines(running, now, Math.max(1, lines - taken))
  return phaseOrder.flatMap((phase) => (phase === 'running' ? shown : (sections.get(phase) ?? [])))
}

interface Section {
  readonly ofPhase: readonly AccountTally[]
  readonly now: number
  readonly room: number
}

const section = (phase: AccountPhase, { ofPhase, now, room }: Section): readonly Line[] => {
  if (ofPhase.length === 0) return []
  const newestFirst = [...ofPhase].sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
  const look = phase === 'failed' ? { color: 'red' } : { dimColor: true }
  const shown = newestFirst.slice(0, room)
  const hidden = ofPhase.length - shown.length
  return [
    ...shown.map((tally) => ({
      key: tally.account,
      text: `${mark[phase]} ${accountText(tally, now)}`,
      look,
    })),
    ...(hidden === 0 ? [] : [moreLine(phase, hidden)]),
  ]
}

const mark: Readonly<Record<AccountPhase, string>> = { running: '▸', waiting: '·', done: '✓', failed: '✗' }

const moreLine = (phase: AccountPhase, hidden: number): Line => ({
  key: phase,
  text: `  … and ${inDigits(hidden)} more ${phase}`,
  look: { dimColor: true },
})

// The first of them in full, resource by resource, as far as that leaves each of the others a line.
const runningLines = (running: readonly AccountTally[], now: number, lines: number): readonly Line[] => {
  const fits = running.length <= lines
  const shown = fits ? running : running.slice(0, lines - 1)
  let spare = lines - shown.length
  const blocks = shown.flatMap((tally) => {
    const isFull = tally.resources.size <= spare
    if (isFull) spare -= tally.resources.size
    return isFull ? fullLines(tally, now) : [briefLine(tally, now)]
  })
  return fits ? blocks : [...blocks, moreLine('running', running.length - shown.length)]
}

const briefLine = (tally: AccountTally, now: number): Line => ({
  key: tally.account,
  text: `${mark.running} ${accountText(tally, now)}`,
  look: lookOf(tally),
})

const fullLines = (tally: AccountTally, now: number): readonly Line[] => {
  const seconds = secondsBetween(tally.startedAt, now)
  return [
    { key: tally.account, text: `${mark.running} ${headText(tally, now)}`, look: lookOf(tally) },
    ...[...tally.resources].map(([name, count]) => ({
      key: `${tally.account} ${name}`,
      text: resourceText(name, count, { seconds, waitingFor: tally.waitingFor }),
      look: {},
    })),
  ]
}

const lookOf = ({ waitingFor }: AccountTally): Line['look'] => ({
  color: waitingFor === null ? 'cyan' : 'yellow',
})
