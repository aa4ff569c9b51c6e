// Reads objects from Stripe for the pipeline: one retrieve per object and batch, never inside a transaction.
// Guarantees: every answer is stamped with the second in which it was asked for, and asked for again when that is
// not later than the events it has to decide between; trouble that passes is waited out for a bounded time.

import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import Stripe from 'stripe'
import type { Instant } from '../../clocks.ts'
import { withEscapes } from '../../core/escapes.ts'
import { grownPause, spreadPause } from '../../core/growing-pause.ts'
import { failureOf } from '../../core/inbox-row.ts'
import { type JsonObject, own } from '../../core/json.ts'
import { isIdentified, observeGoneCustomer, observeRead, type ReadStamp } from '../../core/normalise.ts'
import { isRetrievable } from '../../core/object-id.ts'
import type { Observation, ObservationSource } from '../../core/observation.ts'
import { BillingSyncError } from '../../errors.ts'
import {
  type OpenAccount,
  type ReadObjects,
  type ReadRequest,
  type ReadResult,
  readKey,
} from '../../ports/pipeline-store.ts'
import type { AccountClient } from './account-client.ts'
import { pinnedApiVersion } from './api-version.ts'
import { observeRelatives } from './observe-relatives.ts'
import { retrieveObject } from './retrievals.ts'
import type { StripeClock } from './stripe-clock.ts'
import { failureOfStripe, type StripeFailure, secondOfAnswer } from './stripe-failure.ts'

export interface ObjectReaderOptions {
  /** Answers the client of an account. */
  readonly clientOf: (account: string) => Promise<AccountClient>
  readonly clock: StripeClock
  readonly source: ObservationSource
  readonly livemode: boolean | null
  /** How long trouble that passes is waited out, in milliseconds. */
  readonly patienceMs: number
  readonly random: () => number
  /** Told what is waited for, or null when it is over. */
  readonly onWaiting: (reason: string | null) => void
  /** Ends every wait: what was not read by then waits. */
  readonly signal: AbortSignal
  /** False where an object is read alone, at the cost of one request; default true: with its relatives. */
  readonly readsRelatives?: boolean
}

/** Retrieves under way at once for one batch. */
const retrievesAtOnce = 10

/** Pauses between tries. */
const pauses = { firstMs: 500, longestMs: 8_000 }

/** Tries to be later than an event: each waits for the next second; more would be a clock gone wrong. */
const triesToBeLater = 3

/** Returns the reader. */
export const openObjectReader = (options: ObjectReaderOptions): ReadObjects => {
  // After one object was waited for in vain, the next ones are tried once each until Stripe answers again.
  const outage = { isOn: false }
  return async (account, requests) => {
    const limit = pLimit(retrievesAtOnce)
    const client = await clientOrFailure(account, options)
    if (!('stripe' in client)) return new Map(requests.map((request) => [readKey(request), client]))
    const results = await Promise.all(
      requests.map((request) =>
        limit(
          async () =>
            [readKey(request), await readPatiently({ client, account, request, options, outage })] as const,
        ),
      ),
    )
    return new Map(results)
  }
}

// A token that can't be opened is nothing that the events are to blame for: they wait until somebody mends it.
const clientOrFailure = async (
  account: OpenAccount,
  { clientOf, signal }: ObjectReaderOptions,
): Promise<AccountClient | ReadResult> => {
  try {
    return await clientOf(account.settings.id)
  } catch (error) {
    if (!(error instanceof BillingSyncError)) throw error
    const isCutOff = error.retryable && error.code !== 'stripe_unauthorized' && signal.aborted
    return { kind: 'waiting', failure: failureOf(error), ...(isCutOff && { isCutOff }) }
  }
}

interface Reading {
  readonly client: AccountClient
  readonly account: OpenAccount
  readonly request: ReadRequest
  readonly options: ObjectReaderOptions
  readonly outage: { isOn: boolean }
}

const readPatiently = async (reading: Reading): Promise<ReadResult> => {
  const { options, outage } = reading
  const deadline = performance.now() + (outage.isOn ? 0 : options.patienceMs)
  for (let tries = 0; ; tries += 1) {
    const result = await readLater(reading)
    const mayPass = result.kind === 'waiting' && result.failure.code !== 'stripe_unauthorized'
    outage.isOn = mayPass && performance.now() >= deadline
    const isCutOff = mayPass && options.signal.aborted
    if (!mayPass || outage.isOn || isCutOff) {
      options.onWaiting(null)
      return isCutOff ? { ...result, isCutOff } : result
    }
    options.onWaiting(result.failure.message)
    const pauseMs = spreadPause(grownPause(pauses, tries), options.random())
    await wait(pauseMs, undefined, { signal: options.signal }).catch(() => undefined)
  }
}

const readLater = async (reading: Reading): Promise<ReadResult> => {
  const { clock } = reading.options
  for (let attempt = 1; ; attempt += 1) {
    const { result, second, sentAt } = await readOnce(reading, clock.sending())
    if (result.kind !== 'seen' || second > reading.request.afterSecond || attempt === triesToBeLater)
      return result
    await wait(millisecondsToNextSecond(sentAt.wallMs))
  }
}

const millisecondsToNextSecond = (wallMs: number): number => 1_000 - (wallMs % 1_000)

const readOnce = async (
  reading: Reading,
  askedAt: Instant,
): Promise<{ readonly result: ReadResult; readonly second: number; readonly sentAt: Instant }> => {
  const { client, account, request, options } = reading
  const unanswered = { second: options.clock.secondOf(askedAt, null), sentAt: askedAt }
  if (!isRetrievable(request.id)) return { result: unnameable(request.id), ...unanswered }
  try {
    const { object, date, ...sent } = await retrieveObject(client, request.kind, request.id)
    // It may have waited for its turn.
    const sentAt = sent.sentAt ?? askedAt
    const second = options.clock.secondOf(sentAt, date)
    const stamp = stampOf(options, { seq: account.seq, unixSeconds: second })
    const observations = await observeAll(reading, { object, stamp })
    return { result: { kind: 'seen', observations }, second, sentAt }
  } catch (error) {
    const answeredAt = secondOfAnswer(error, unanswered.second)
    const what = `the ${request.kind.replace('_', ' ')}`
    return { result: resultOf(failureOfStripe(error, what), answeredAt), ...unanswered }
  }
}

// Its URL would name the list, or what lies above that. It may well be there: this is no answer that it is gone.
const unnameable = (id: string): ReadResult => ({
  kind: 'refused',
  failure: failureOf(new BillingSyncError('object_unnameable', { id })),
})

const stampOf = (
  { source, livemode }: ObjectReaderOptions,
  read: Pick<ReadStamp, 'seq' | 'unixSeconds'>,
): ReadStamp => ({ ...read, source, livemode, apiVersion: pinnedApiVersion, single: true })

const observeAll = async (
  { client, request, options: { readsRelatives = true } }: Reading,
  { object, stamp }: { readonly object: JsonObject; readonly stamp: ReadStamp },
): Promise<readonly Observation[]> => {
  const { kind } = request
  // Nothing of Stripe's, and no fault of the event: whoever stands in between may be gone the next time.
  if (!isIdentified(object) || !isAskedFor(object, request, stamp.livemode))
    throw new Stripe.errors.StripeAPIError({ message: `Not the ${kind} asked for`, type: 'api_error' })
  const isAlone = !readsRelatives || own(object, 'deleted') === true
  const relatives = isAlone ? null : await observeRelatives(client, kind, { object, stamp })
  const seen = observeRead(kind, object, stamp)
  const livemode = typeof object.livemode === 'boolean' ? object.livemode : seen.livemode
  const expanded = { ...seen.expanded, ...withEscapes(relatives?.expanded ?? {}) }
  return [
    { ...seen, livemode, expanded },
    ...(relatives?.observations ?? []),
    ...observeGoneCustomer(object, stamp),
  ]
}

// What does not say of what kind or mode it is, is believed.
const isAskedFor = (
  { id, object, livemode }: JsonObject,
  request: ReadRequest,
  keysLivemode: boolean | null,
): boolean => {
  const isOtherKind = typeof object === 'string' && object !== request.kind
  const isOtherMode = typeof livemode === 'boolean' && keysLivemode !== null && livemode !== keysLivemode
  return id === request.id && !isOtherKind && !isOtherMode
}

const resultOf = (failure: StripeFailure, unixSeconds: number): ReadResult => {
  if (failure.kind === 'missing') return failure
  if (failure.kind === 'disconnected') return { kind: 'disconnected', unixSeconds }
  return { kind: failure.kind === 'passing' ? 'waiting' : 'refused', failure: failureOf(failure.error) }
}
