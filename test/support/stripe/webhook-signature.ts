// Signs webhook bodies as Stripe documents it, without Stripe's SDK, which is on the other side of the test.
// https://docs.stripe.com/webhooks#verify-manually
import { createHmac } from 'node:crypto'

export interface SignatureFacts {
  /** The raw body, byte for byte. */
  readonly body: string | Buffer
  /** One secret, or all that are active while one is being rolled: each gives a `v1`. */
  readonly secrets: string | readonly string[]
  /** Unix seconds of the delivery. */
  readonly timestamp: number
}

/** Returns a `Stripe-Signature` header: `t=…,v1=…`, with a `v1` per secret and the decoy `v0` that test events carry. */
export const signatureHeader = ({ body, secrets, timestamp }: SignatureFacts): string => {
  const all = typeof secrets === 'string' ? [secrets] : secrets
  const signatures = all.map((secret) => `v1=${signature(body, secret, timestamp)}`)
  return [`t=${timestamp}`, ...signatures, `v0=${signature(body, 'decoy', timestamp)}`].join(',')
}

const signature = (body: string | Buffer, secret: string, timestamp: number): string =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')
