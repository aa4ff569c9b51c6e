import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { signatureHeader } from './webhook-signature.ts'

const body = JSON.stringify({ id: 'evt_1', object: 'event', name: 'Zoë' })

test('the header is the one that the SDK would sign with', () => {
  const [secret, timestamp] = ['whsec_one', 1_700_000_000]
  const own = signatureHeader({ body, secrets: secret, timestamp })
  const theirs = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp })
  expect(own.split(',').filter((part) => !part.startsWith('v0='))).toEqual(theirs.split(','))
})

test('bytes sign as their text does', () => {
  const facts = { secrets: ['whsec_one', 'whsec_two'], timestamp: 1_700_000_000 }
  expect(signatureHeader({ ...facts, body: Buffer.from(body) })).toBe(signatureHeader({ ...facts, body }))
})

test('the decoy v0 alone is refused', () => {
  const timestamp = Math.floor(Date.now() / 1000)
  const header = signatureHeader({ body, secrets: [], timestamp })
  expect(header).toMatch(/^t=\d+,v0=[0-9a-f]{64}$/)
  expect(() => Stripe.webhooks.constructEvent(body, header, 'decoy')).toThrow(
    Stripe.errors.StripeSignatureVerificationError,
  )
})
