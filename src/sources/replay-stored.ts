// Replays events out of the inbox: each row under the account that it was stored for, read in the order given.
// Guarantee: what waits in memory is bounded, and each account's events are handled in that order, but that
// heavy and light ones may overtake each other (account-lanes.ts).

import type { StoredEvent } from '../ports/pipeline-store.ts'
import { openReplayLanes, type ReplayOptions, waitingItem } from './replay-items.ts'

export interface ReplayStoredOptions extends ReplayOptions {
  readonly rows: AsyncIterable<StoredEvent>
}

/** Replays the rows into the tally. Rejects only for faults that are no event's. */
export const replayStored = async (options: ReplayStoredOptions): Promise<void> => {
  const { tally, signal } = options
  const lanes = openReplayLanes(options, null)
  for await (const { rowId, account, payload } of options.rows) {
    if (signal.aborted) break
    const source = `billing.events:${rowId}`
    tally.inputRead += 1
    await lanes.push(waitingItem({ account, payload, source }))
  }
  await lanes.drain()
}
