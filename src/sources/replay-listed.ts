// Replays events out of Stripe's own lists: each account's read oldest first, some accounts side by side. Guarantee: an
// account whose list can't be read is counted as a failure and never stops the others; what waits in memory is bounded.

import pLimit from 'p-limit'
import { type JsonObject, own, ownString } from '../core/json.ts'
import type { AccountLanes } from './account-lanes.ts'
import type { EventFilter } from './event-filter.ts'
import { errorOfEventList } from './event-list.ts'
import { openReplayLanes, type ReplayOptions, type WaitingItem } from './replay-items.ts'
import { secondOfAnswer } from './stripe/stripe-failure.ts'

export interface ReplayListedOptions extends ReplayOptions {
  readonly accounts: readonly string[]
  /** Yields an account's events, oldest first. */
  readonly eventsOf: (account: string) => AsyncIterable<readonly JsonObject[]>
  readonly filter: EventFilter
  /** Told of an account that does not let the platform in any more, and the second on Stripe's clock in which it said so. */
  readonly onDisconnected: (account: string, unixSeconds: number) => Promise<void>
}

/** Lists that are read at once; each holds some thousand events at most. */
const accountsAtOnce = 4

/** Replays the accounts' events into the tally. Rejects only for faults that are no account's. */
export const replayListed = async (options: ReplayListedOptions): Promise<void> => {
  const lanes = openReplayLanes(options, null)
  const limit = pLimit(accountsAtOnce)
  options.tally.inputExpected = options.accounts.length
  await Promise.all(options.accounts.map((account) => limit(() => replayAccount(account, lanes, options))))
  await lanes.drain()
}

const replayAccount = async (
  account: string,
  lanes: AccountLanes<WaitingItem>,
  options: ReplayListedOptions,
): Promise<void> => {
  const { tally, signal, eventsOf, filter, onDisconnected } = options
  if (signal.aborted) return
  try {
    for await (const events of eventsOf(account)) {
      for (const event of events) {
        if (signal.aborted) return
        if (isWanted(event, filter)) await lanes.push(itemOf(account, event))
        else tally.filtered += 1
      }
    }
    tally.inputRead += 1
  } catch (error) {
    if (signal.aborted) return
    const failure = errorOfEventList(error, account)
    if (failure.code === 'account_disconnected')
      await onDisconnected(account, secondOfAnswer(error, Math.floor(Date.now() / 1000)))
    tally.failAccount(listName(account), failure)
  }
}

const isWanted = (event: JsonObject, filter: EventFilter): boolean => {
  const [id, type, created] = [ownString(event, 'id'), ownString(event, 'type'), own(event, 'created')]
  // What is no event is left to be told as such.
  if (id === null || type === null || typeof created !== 'number') return true
  return filter.accepts({ id, type, created })
}

const itemOf = (account: string, event: JsonObject): WaitingItem => {
  const payload = Buffer.from(JSON.stringify(event))
  return { account, payload, source: `${listName(account)}:${String(event.id)}`, size: payload.length }
}

/** Returns how the list of an account's events is called where something came out of it. */
const listName = (account: string): string => `stripe:${account}`
