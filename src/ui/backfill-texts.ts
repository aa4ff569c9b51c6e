// What a backfill's screen and log say, a line each.

import type {
  AccountPhase,
  AccountTally,
  BackfillTally,
  ResourceProgress,
} from '../sources/backfill/backfill-tally.ts'
import { bar, inDigits, inTime } from './figures.ts'

/** States of accounts, in the order in which they are shown. */
export const phaseOrder: readonly AccountPhase[] = ['running', 'waiting', 'done', 'failed']

/** Width of a bar, in columns. */
const barWidth = 20

/** Returns what all accounts came to so far. */
export const totalsText = ({ accounts }: BackfillTally, now: number): string => {
  const { read, requests, limited } = sumOf(accounts.flatMap(({ resources }) => [...resources.values()]))
  const started = Math.min(...accounts.map(({ startedAt }) => startedAt ?? now))
  const seconds = secondsBetween(started, now)
  const parts = [
    `${inDigits(read)} objects, ${rateText(read, seconds)}`,
    `${inDigits(requests)} requests, ${(requests / seconds).toFixed(1)}/s`,
    `429: ${inDigits(limited)}`,
    inTime(seconds),
  ]
  return parts.join(' · ')
}

/** Returns how many accounts there are of each state. */
export const phasesText = ({ accounts }: BackfillTally): string =>
  phaseOrder.map((phase) => `${phase} ${inDigits(inPhase(accounts, phase).length)}`).join(' · ')

/** Returns the accounts in a state, in their order. */
export const inPhase = (accounts: readonly AccountTally[], phase: AccountPhase): readonly AccountTally[] =>
  accounts.filter((account) => account.phase === phase)

/** Returns what accounts under way wait for, each reason once. */
export const waitTexts = ({ accounts }: BackfillTally): readonly string[] => [
  ...new Set(accounts.flatMap(({ waitingFor }) => (waitingFor === null ? [] : [waitText(waitingFor)]))),
]

/** Returns the first line of an account that is under way, its resources shown below. */
export const headText = (
  { account, resources, waitingFor, startedAt }: AccountTally,
  now: number,
): string => {
  const { requests, limited } = sumOf([...resources.values()])
  const seconds = secondsBetween(startedAt, now)
  const waits = waitingFor === null ? [] : [waitText(waitingFor)]
  const parts = [...waits, `${inDigits(requests)} requests`, `429: ${limited}`, inTime(seconds)]
  return `${account}  ${parts.join(' · ')}`
}

/** Returns the line of one resource of an account that is under way. */
export const resourceText = (
  name: string,
  count: ResourceProgress,
  { seconds, waitingFor }: { readonly seconds: number } & Pick<AccountTally, 'waitingFor'>,
): string => {
  const share = count.complete ? 1 : shareOf(count)
  const cells = `${inDigits(count.read).padStart(9)} ${rateText(count.read, seconds).padStart(8)}`
  // Nobody knows how long a wait takes: the line of the account says what for.
  const left = waitingFor === null ? leftText(share, seconds) : ''
  return `  ${name.padEnd(14)}${bar(share, barWidth)} ${cells}${left}`
}

/** Returns all that is said of an account in one line. */
export const accountText = (tally: AccountTally, now: number): string => {
  const { account, phase, resources, startedAt, endedAt, error } = tally
  const counts = [...resources.values()]
  const { read, requests } = sumOf(counts)
  const seconds = secondsBetween(startedAt, endedAt ?? now)
  if (phase === 'waiting') return account
  if (phase === 'running') {
    const share = shareOfAll(counts)
    const pace =
      tally.waitingFor === null
        ? ` ${rateText(read, seconds).padStart(8)}${leftText(share, seconds)}`
        : `  ${waitText(tally.waitingFor)}`
    return `${account}  ${bar(share, barWidth)} ${inDigits(read).padStart(9)}${pace}`
  }
  const came = `${inDigits(read)} objects · ${inDigits(requests)} requests · ${inTime(seconds)}`
  return error === null ? `${account}  ${came}` : `${account}  ${error.code}: ${error.message}`
}

/** Returns seconds on the monotonic clock, never none: rates are told by them. */
export const secondsBetween = (startedAt: number | null, now: number): number =>
  Math.max(0.1, (now - (startedAt ?? now)) / 1000)

const waitText = (waitingFor: string): string => `waits for ${waitingFor}`

const sumOf = (counts: readonly ResourceProgress[]) => ({
  read: counts.reduce((sum, { read }) => sum + read, 0),
  requests: counts.reduce((sum, { requests }) => sum + requests, 0),
  limited: counts.reduce((sum, { limited }) => sum + limited, 0),
})

const shareOf = ({ read, remaining }: ResourceProgress): number | null =>
  remaining === null || read + remaining === 0 ? null : read / (read + remaining)

// While one resource tells nothing of what is left of it, nor does the account.
const shareOfAll = (counts: readonly ResourceProgress[]): number | null => {
  const lefts = counts.map(({ complete, remaining }) => (complete ? 0 : remaining))
  if (lefts.includes(null)) return null
  const { read } = sumOf(counts)
  const left = lefts.reduce((sum: number, one) => sum + (one ?? 0), 0)
  return read + left === 0 ? null : read / (read + left)
}

const leftText = (share: number | null, seconds: number): string =>
  share === null || share === 0 || share === 1 ? '' : `  ${inTime((seconds / share) * (1 - share))} left`

const rateText = (count: number, seconds: number): string => `${inDigits(Math.round(count / seconds))}/s`
