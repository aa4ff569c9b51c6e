// The Stripe-Signature header: `t=<unix seconds>,v1=<64 hex>[,v1=…][,v0=…]`, see
// https://docs.stripe.com/webhooks#verify-manually. Guarantee: what it costs grows with its length only, however many
// entries it has; anything that is not exactly of this form is told apart from a signature that does not fit.

import type { Refusal } from './refusals.ts'

export interface SignatureHeader {
  /** Unix seconds of the delivery, as they were signed. */
  readonly timestamp: string
  /** Those of scheme v1, each of 32 bytes. `v0` is a decoy that test events carry. */
  readonly signatures: readonly Buffer[]
}

/** Seconds that a signature's time may lie off ours, either way: the tolerance of Stripe's own libraries. */
const toleranceSeconds = 300

const timestampPattern = /^[1-9]\d{0,11}$/
const signaturePattern = /^[0-9a-f]{64}$/i

/** Returns what the header holds, or why it can't be one that was made just now. */
export const readSignatureHeader = (
  header: string | undefined,
  nowSeconds: number,
): SignatureHeader | Refusal => {
  if (header === undefined || header === '') return 'signature_missing'
  const entries = header.split(',').map(entryOf)
  const timestamps = entries.filter(({ name }) => name === 't')
  const timestamp = timestamps[0]?.value ?? ''
  // Two times would leave open which one is meant.
  if (timestamps.length !== 1 || !timestampPattern.test(timestamp)) return 'signature_malformed'
  const signatures = entries
    .filter(({ name, value }) => name === 'v1' && signaturePattern.test(value))
    .map(({ value }) => Buffer.from(value, 'hex'))
  if (signatures.length === 0) return 'signature_malformed'
  // Whole seconds are compared with whole ones: a fraction of ours would make the past's tolerance the shorter.
  const ageSeconds = Math.floor(nowSeconds) - Number(timestamp)
  if (ageSeconds > toleranceSeconds) return 'signature_stale'
  // Stripe's own helper lets any future time pass, so a stolen signature could be kept for years.
  if (ageSeconds < -toleranceSeconds) return 'signature_future'
  return { timestamp, signatures }
}

const entryOf = (entry: string): { readonly name: string; readonly value: string } => {
  const separator = entry.indexOf('=')
  return separator === -1
    ? { name: entry, value: '' }
    : { name: entry.slice(0, separator).trim(), value: entry.slice(separator + 1).trim() }
}
