// What every kind of replay does with an entry: it becomes an item of its account's lane, and its outcome is counted.

import { failureOf } from '../core/inbox-row.ts'
import { stripeIdSource } from '../core/object-id.ts'
import type { StripeEvent } from '../core/stripe-event.ts'
import { BillingSyncError } from '../errors.ts'
import type { Delivery, EntryOutcome } from '../ports/pipeline-store.ts'
import { AccountLanes } from './account-lanes.ts'
import type { BrokenEntry } from './files/raw-entry.ts'
import { parseEntry } from './parse-entry.ts'
import type { ReplayTally } from './replay-tally.ts'

/** An entry that waits for its batch, as bytes alone: parsed it would take five times the memory (measured). */
export interface WaitingItem {
  /** Account that its event is of, as far as is known before it is parsed. */
  readonly account: string
  readonly payload: Uint8Array
  /** Where it stood. */
  readonly source: string
  readonly size: number
}

/**
 * Returns the item of an entry. It copies the bytes: as a view they would keep alive all that was read in one go, 16 MB of the
 * inbox, for as long as one event of a quiet account waits.
 */
export const waitingItem = (entry: Omit<WaitingItem, 'size'>): WaitingItem => ({
  ...entry,
  payload: Buffer.from(entry.payload),
  size: entry.payload.length,
})

/** A delivery and where it stood. */
export interface ReplayItem extends Delivery {
  readonly source: string
}

export interface ReplayOptions {
  readonly tally: ReplayTally
  /** Most events of one account in a second; null: as fast as it goes. */
  readonly eventsPerSecond: number | null
  /** Handles deliveries of one account as one batch, and answers one outcome for each. */
  readonly handle: (items: readonly ReplayItem[]) => Promise<readonly EntryOutcome[]>
  /** Ends the replay early: nothing more is read, what is under way is finished. */
  readonly signal: AbortSignal
}

/** Answers the account that an event is of, at once where the event names it. */
export type AccountOf = (event: StripeEvent) => string | Promise<string>

/**
 * Returns lanes that handle items and count what comes of each.
 * @param accountOf moves events that turn out to be of another account into its lane; null: what waits knows its own
 */
export const openReplayLanes = (
  options: ReplayOptions,
  accountOf: AccountOf | null,
): AccountLanes<WaitingItem> => {
  const { tally, handle, signal, eventsPerSecond } = options
  const lanes = new AccountLanes<WaitingItem>(
    async (account, waiting) => {
      const items: ReplayItem[] = []
      for (const item of signal.aborted ? [] : waiting) {
        const event = eventOf(item, options)
        if (event === null) continue
        const told = accountOf === null ? account : accountOf(event)
        const owner =
          typeof told === 'string' ? told : await awaitAccount(told, { source: item.source, event }, options)
        if (owner === null) continue
        if (owner !== account) lanes.add({ ...item, account: owner })
        else items.push({ account, event, payload: item.payload, source: item.source })
      }
      const outcomes = items.length === 0 ? [] : await handle(items)
      for (const [index, outcome] of outcomes.entries()) countOutcome(tally, items[index], outcome)
    },
    ({ payload }) => eventIdIn(payload),
    { itemsPerSecond: eventsPerSecond, signal },
  )
  tally.countWaiting = () => lanes.waiting
  return lanes
}

/**
 * Answers the account of an event, null where it can't be told: that is counted as the event's own failure, unless the
 * replay ends anyway. Rejects for what is wrong with the configuration.
 */
export const awaitAccount = async (
  told: Promise<string>,
  entry: Pick<ReplayItem, 'source' | 'event'>,
  { tally, signal }: Pick<ReplayOptions, 'tally' | 'signal'>,
): Promise<string | null> => {
  try {
    return await told
  } catch (error) {
    if (!(error instanceof BillingSyncError) || error.exitCode === 2) throw error
    if (!signal.aborted) countOutcome(tally, entry, { outcome: 'failed', failure: failureOf(error) })
    return null
  }
}

const eventOf = (item: WaitingItem, { tally }: ReplayOptions): StripeEvent | null => {
  const parsed = parseEntry(item.payload)
  if ('event' in parsed) return parsed.event
  countBroken(tally, item.source, { code: 'event_invalid', problem: parsed.problem })
  return null
}

/** Stripe writes an event's id first. */
const idAtStart = new RegExp(`^\\s*\\{\\s*"id"\\s*:\\s*"(${stripeIdSource})"`)

/** Longest id, with its key. */
const longestStart = 300

// Parsing a heavy event only for its id would take as long again as the event itself (measured: 3 MB in 15 ms).
const eventIdIn = (payload: Uint8Array): string | null => {
  const start = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, longestStart))
  const told = idAtStart.exec(start.toString('latin1'))?.[1]
  if (told !== undefined) return told
  const parsed = parseEntry(payload)
  return 'event' in parsed ? parsed.event.id : null
}

/** Counts an entry that no handler ever sees: it is no Stripe event, or too large to be looked into. */
export const countBroken = (
  tally: ReplayTally,
  source: string,
  { code, problem }: Pick<BrokenEntry, 'code' | 'problem'>,
): void => {
  tally.count(code === 'event_invalid' ? 'invalid' : 'failed')
  const { message } = new BillingSyncError(code, { problem })
  tally.fail({ source, event_id: null, type: null, code, error: message })
}

const countOutcome = (
  tally: ReplayTally,
  item: Pick<ReplayItem, 'source' | 'event'> | undefined,
  { outcome, failure, isCutOff }: EntryOutcome,
): void => {
  if (isCutOff === true) return
  tally.count(outcome)
  if (failure === null || item === undefined) return
  const { id, type } = item.event
  tally.fail({ source: item.source, event_id: id, type, code: failure.code, error: failure.message })
}
