// Joins the pipeline to an open database: the same for every command.

import type { Config } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import type { DeliveryOptions } from '../../pipeline/handle-deliveries.ts'
import { defaultPatienceMs } from '../../pipeline/patience.ts'
import { openAbandonedTransactions } from '../../store/abandoned-transactions.ts'
import type { Database } from '../../store/database.ts'
import { openPlatform, type Platform } from './open-platform.ts'
import { type HandlingRequest, openDryRun, openWriting } from './open-store.ts'
import { checkStoredTokens, openObjectReads } from './open-stripe-access.ts'
import type { StripeCalls } from './open-stripe-calls.ts'

export interface Handling extends Platform {
  readonly options: DeliveryOptions
  /** Answers accounts whose contacts may be due to be derived anew. */
  readonly accountsDue: () => Promise<readonly string[]>
  /** What a dry run would have changed; empty for a run that writes. */
  readonly changes: () => readonly DocumentChange[]
}

/**
 * Takes over the config's accounts and returns what handles deliveries. Throws `config_invalid` for a wrong platform, where
 * Stripe has to tell which one it is and does not, and for an access token that can't be used: nothing is written then.
 */
export const openHandling = async (
  config: Config,
  database: Database,
  request: HandlingRequest,
): Promise<Handling> => {
  const {
    source,
    effects,
    reads,
    dryRun,
    patienceMs = defaultPatienceMs,
    onWaiting = () => undefined,
    signal,
  } = request
  const decided = await openPlatform(config, database, request)
  if (config.stripeKey !== undefined) await checkStoredTokens(config, database)
  const handlingStore = await (dryRun === true ? openDryRun : openWriting)(config, database, request)
  const platform = decided.resolvedBy(handlingStore.resolvePlatform)
  const readObjects = await openObjectReads(config, {
    ...{ database, source, reads, patienceMs, onWaiting },
    platformOfKey: platform.platformOfKey,
    dryRun: dryRun === true,
  })
  // What is known is kept from here on.
  if (decided.isKnown) await platform.platformAccount()
  const options: DeliveryOptions = {
    store: handlingStore.store,
    receive: handlingStore.receive,
    keep: handlingStore.keep,
    source,
    effects,
    livemode: config.livemode,
    now: () => new Date(),
    random: Math.random,
    readObjects,
    // A killed process's transaction holds the account until somebody ends it.
    onLostCommit: dryRun === true ? () => undefined : openAbandonedTransactions(database.client),
    patienceMs,
    onWaiting,
    ...(signal && { endSignal: signal }),
    explain: database.explain,
  }
  const { accountsDue, changes } = handlingStore
  return { options, ...platform, accountsDue, changes }
}

/**
 * How long a batch of `serve` waits for trouble to pass before its lane rests: shorter than a drain, longer than it takes
 * to end a dead process's transaction.
 */
const servePatienceMs = 3_000

/** How `serve` asks Stripe. */
export interface ServeAsking extends Required<Pick<HandlingRequest, 'onServed'>> {
  /** Null where Stripe is not asked for the objects of events. */
  readonly reads: { readonly calls: StripeCalls; readonly signal: AbortSignal } | null
}

/** Returns what handles events that lie in the inbox, as `serve` does it. */
export const openServeHandling = (
  config: Config,
  database: Database,
  { reads, onServed }: ServeAsking,
): Promise<Handling> =>
  openHandling(config, database, {
    source: 'webhook',
    effects: 'missing',
    reads: reads === null ? null : { ...reads, share: 'events' },
    origin: 'stored',
    onServed,
    patienceMs: servePatienceMs,
  })
