// Hands a batch of a replay to the pipeline, counts what it changed and logs each outcome.

import type { Log } from '../../log.ts'
import { type DeliveryOptions, handleDeliveries } from '../../pipeline/handle-deliveries.ts'
import type { EntryOutcome } from '../../ports/pipeline-store.ts'
import type { ReplayItem } from '../../sources/replay-items.ts'
import type { ReplayTally } from '../../sources/replay-tally.ts'

export interface ItemHandling {
  readonly options: DeliveryOptions
  readonly tally: ReplayTally
  readonly log: Log
}

/** Handles items of one account as one batch and returns an outcome for each. */
export const handleItems = async (
  items: readonly ReplayItem[],
  { options, tally, log }: ItemHandling,
): Promise<readonly EntryOutcome[]> => {
  const started = performance.now()
  const { outcomes, notices } = await handleDeliveries(items, options)
  tally.countNotices(notices)
  const ms = Math.round(performance.now() - started)
  for (const [index, item] of items.entries()) logOutcome(log, item, { result: outcomes[index], ms })
  return outcomes
}

const logOutcome = (
  log: Log,
  { event, account }: ReplayItem,
  { result, ms }: { readonly result: EntryOutcome | undefined; readonly ms: number },
): void => {
  if (result === undefined || result.isCutOff === true) return
  const code = result.failure?.code ?? null
  const fields = { event_id: event.id, account, type: event.type, outcome: result.outcome, code, ms }
  // A file may hold a million events: what went well is told only on request.
  if (code === null) log.debug('event handled', fields)
  else log.warn('event failed', fields)
}
