// Turns a webhook's header and body into a delivery: the signature is checked on the raw bytes before anything of them
// is parsed, and the account is the event's own, or that of the endpoint whose secret signed it.

import type { StripeEvent } from '../../core/stripe-event.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Delivery } from '../../ports/pipeline-store.ts'
import { parseEntry } from '../parse-entry.ts'
import { findSigner, type KnownSecrets } from './endpoint-secrets.ts'
import type { Refusal } from './refusals.ts'
import type { SignatureHeader } from './signature-header.ts'

export interface Acceptance {
  readonly secrets: KnownSecrets
  /** Answers the account of events that name none. Throws what kept it from being known: `mongodb_unavailable`, or of Stripe's. */
  readonly platformAccount: () => Promise<string>
}

/** A delivery that is not taken. */
export interface Refused {
  readonly refusal: Refusal
  /** Null where the event can't be trusted or read. */
  readonly event: StripeEvent | null
}

export type Accepted = { readonly delivery: Delivery; readonly signedBy: string } | Refused

/** Returns the delivery that a body is, or why it is refused. */
export const acceptDelivery = async (
  signature: SignatureHeader,
  body: Uint8Array,
  { secrets, platformAccount }: Acceptance,
): Promise<Accepted> => {
  const signer = findSigner(signature, body, secrets.list)
  // Until all are known, who signed it may be one that only the database knows.
  if (signer === null)
    return { refusal: secrets.isComplete ? 'signature_mismatch' : 'mongodb_unavailable', event: null }
  const parsed = parseEntry(body)
  if ('problem' in parsed) return { refusal: 'event_invalid', event: null }
  const { event } = parsed
  const account = event.account ?? signer.account
  if (signer.account !== null && account !== signer.account) return { refusal: 'account_mismatch', event }
  try {
    const delivery = { account: account ?? (await platformAccount()), event, payload: body }
    return { delivery, signedBy: signer.label }
  } catch (error) {
    // The reason was told where it was found; Stripe sends the event again.
    return { refusal: isAway(error) ? 'mongodb_unavailable' : 'platform_unknown', event }
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof BillingSyncError && error.code === 'mongodb_unavailable'
