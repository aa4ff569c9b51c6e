// Runs a history of the oracle through the pipeline, in the batches of a delivery.

import type { Json } from '../../src/core/json.ts'
import { parseStripeEvent } from '../../src/core/stripe-event.ts'
import { type PipelineOptions, runBatch } from '../../src/pipeline/pipeline.ts'
import type { EntryOutcome, InboxEntry, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { type ComparableState, comparableState } from '../oracle/comparable-state.ts'
import type { Delivery } from '../oracle/delivery.ts'
import type { History } from '../oracle/history.ts'

/** Returns the pipeline's options for a store; everything that varies is fixed. */
export const pipelineOptions = (store: PipelineStore): PipelineOptions => ({
  store,
  source: 'replay',
  effects: 'missing',
  livemode: null,
  now: () => new Date(),
  random: () => 0.5,
})

/** Delivers a history batch by batch, and returns the outcomes and how many commits were lost to other writers. */
export const deliverHistory = async (
  history: History,
  delivery: Delivery,
  options: PipelineOptions,
): Promise<{ readonly outcomes: readonly EntryOutcome[]; readonly lostCommits: number }> => {
  const outcomes: EntryOutcome[] = []
  let lostCommits = 0
  for (const batch of delivery.batches) {
    for (const [account, entries] of entriesByAccount(history, batch)) {
      let committed = await runBatch(account, entries, options)
      for (; committed === null; committed = await runBatch(account, entries, options)) lostCommits += 1
      outcomes.push(...committed.outcomes)
    }
  }
  return { outcomes, lostCommits }
}

/** Returns stored documents in the form in which states are compared. */
export const storedState = (
  history: History,
  documents: Readonly<Record<string, readonly Record<string, unknown>[]>>,
): ComparableState => comparableState(documents, { mixedGenerations: history.traits.mixedGenerations })

const entriesByAccount = (
  history: History,
  batch: readonly number[],
): ReadonlyMap<string, readonly InboxEntry[]> => {
  const byAccount = new Map<string, InboxEntry[]>()
  for (const index of batch) {
    const parsed = parseStripeEvent((history.events[index]?.event ?? null) as Json)
    if (!('event' in parsed)) throw new TypeError(`the history holds no event at ${index}: ${parsed.problem}`)
    const { event } = parsed
    const account = event.account ?? 'platform'
    const entries = byAccount.get(account) ?? []
    byAccount.set(account, entries)
    // A row that is done is not settled again, so no inbox is needed here.
    entries.push({ rowId: `${account}:${event.id}`, event, state: { status: 'done', attempts: 0 } })
  }
  return byAccount
}
