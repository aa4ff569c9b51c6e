// Replays the events of files: reads them as a stream, spreads them over their accounts, and counts what comes of
// each. Guarantee: a bad entry, or a bad file, never stops the others; what waits in memory is bounded.

import { stripeIdSource } from '../core/object-id.ts'
import type { StripeEvent } from '../core/stripe-event.ts'
import { BillingSyncError } from '../errors.ts'
import type { AccountLanes } from './account-lanes.ts'
import type { EventFilter } from './event-filter.ts'
import { sizeOfInputs } from './files/find-inputs.ts'
import { heedSilence } from './files/heed-silence.ts'
import { mayStayOpen } from './files/open-input.ts'
import type { RawEntry } from './files/raw-entry.ts'
import { readEntries } from './files/read-entries.ts'
import { parseEntry } from './parse-entry.ts'
import {
  awaitAccount,
  countBroken,
  openReplayLanes,
  type ReplayOptions,
  type WaitingItem,
  waitingItem,
} from './replay-items.ts'

export interface ReplayFilesOptions extends ReplayOptions {
  readonly inputs: readonly string[]
  readonly filter: EventFilter
  /** Answers the account of events that name none. */
  readonly platformAccount: () => Promise<string>
}

/** Replays the inputs, one after another, into the tally. Rejects only for faults that are no event's. */
export const replayFiles = async (options: ReplayFilesOptions): Promise<void> => {
  const lanes = openReplayLanes(options, (event) => accountOf(event, options))
  options.tally.inputExpected = await sizeOfInputs(options.inputs)
  for (const input of options.inputs) {
    if (options.signal.aborted) break
    await replayInput(input, lanes, options)
  }
  await lanes.drain()
}

const replayInput = async (
  input: string,
  lanes: AccountLanes<WaitingItem>,
  options: ReplayFilesOptions,
): Promise<void> => {
  const onBytes = (count: number): void => {
    options.tally.inputRead += count
  }
  const ending = new AbortController()
  const listener = { onBytes, signal: AbortSignal.any([options.signal, ending.signal]) }
  try {
    const entriesRead = readEntries(input, listener)
    const read = (await mayStayOpen(input))
      ? heedSilence(entriesRead, (isOver) => lanes.settle(isOver))
      : entriesRead
    for await (const entries of read) {
      for (const entry of entries) {
        if (options.signal.aborted) return
        const item = await itemOf(input, entry, options)
        if (item !== null) await lanes.push(item)
      }
    }
  } catch (error) {
    if (!(error instanceof BillingSyncError) || error.code !== 'input_unreadable') throw error
    options.tally.fail({ source: input, event_id: null, type: null, code: error.code, error: error.message })
  } finally {
    ending.abort()
  }
}

const itemOf = (
  input: string,
  entry: RawEntry,
  options: ReplayFilesOptions,
): WaitingItem | null | Promise<WaitingItem | null> => {
  const { tally, filter } = options
  const source = `${input}:${entry.ordinal}`
  if ('problem' in entry) {
    countBroken(tally, source, entry)
    return null
  }
  const { bytes: payload } = entry
  const told = filter.takesAll ? accountNamedIn(payload) : null
  return told === null
    ? parsedItem(payload, source, options)
    : waitingItem({ account: told, payload, source })
}

const parsedItem = async (
  payload: Uint8Array,
  source: string,
  options: ReplayFilesOptions,
): Promise<WaitingItem | null> => {
  const { tally, filter, platformAccount } = options
  const parsed = parseEntry(payload)
  if ('problem' in parsed) {
    countBroken(tally, source, { code: 'event_invalid', problem: parsed.problem })
    return null
  }
  const { event } = parsed
  // The platform may have to be asked for its id, so an event that is dropped anyway is dropped before.
  if (filter.accepts(event)) {
    const account = event.account ?? (await awaitAccount(platformAccount(), { source, event }, options))
    if (account === null) return null
    if (filter.acceptsAccount(account)) return waitingItem({ account, payload, source })
  }
  tally.filtered += 1
  return null
}

const accountOf = (
  event: StripeEvent,
  { platformAccount }: Pick<ReplayFilesOptions, 'platformAccount'>,
): string | Promise<string> => event.account ?? platformAccount()

const accountField = new RegExp(`"account"\\s*:\\s*"(${stripeIdSource})"`, 'y')

/** Longest account id, with its key. */
const longestField = 300

// A guess, so that an event is parsed once, with its batch: the first field of that name is the event's own unless a
// stranger's metadata comes before it, which the batch finds out.
const accountNamedIn = (bytes: Uint8Array): string | null => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = text.indexOf('"account"')
  if (start === -1) return null
  accountField.lastIndex = 0
  return accountField.exec(text.toString('latin1', start, start + longestField))?.[1] ?? null
}
