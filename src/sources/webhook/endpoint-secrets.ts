// The signing secrets of all endpoints that point here, and which of them signed a body. Stripe's helper takes one secret
// a call, decodes the body as text and accepts an empty secret, so the few lines of HMAC are done here, on the raw bytes.

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { BillingSyncError } from '../../errors.ts'
import type { SignatureHeader } from './signature-header.ts'

/** A secret that verifies deliveries. */
export interface EndpointSecret {
  readonly key: KeyObject
  /** The account whose own endpoint it is; null for the platform's endpoints. */
  readonly account: string | null
  /** For the metrics, so that an old secret is taken out on facts: its place in STRIPE_WEBHOOK_SECRET, or `account`. */
  readonly label: string
}

/** The secrets that are known by now. */
export interface KnownSecrets {
  readonly list: readonly EndpointSecret[]
  /** False while those that lie in the database are not read yet. */
  readonly isComplete: boolean
}

export interface SecretsByOwner {
  /** Of the platform's endpoints, as STRIPE_WEBHOOK_SECRET lists them. */
  readonly platform: readonly string[]
  /** Of accounts' own endpoints. */
  readonly accounts: ReadonlyMap<string, readonly string[]>
}

/** Returns the secrets that deliveries are verified with. Throws `config_invalid` where there are none, or two own one. */
export const endpointSecretsOf = ({ platform, accounts }: SecretsByOwner): readonly EndpointSecret[] => {
  refuseShared({ platform, accounts })
  const secrets = [
    ...platform.map((secret, index) => secretOf(secret, null, String(index + 1))),
    ...[...accounts].flatMap(([account, own]) => own.map((secret) => secretOf(secret, account, 'account'))),
  ]
  if (secrets.length > 0) return secrets
  const problem = 'expected the signing secret of the Stripe endpoint (whsec_…), or several in a comma list'
  throw new BillingSyncError('config_invalid', { source: 'STRIPE_WEBHOOK_SECRET', problem })
}

// It tells whose event it is where the event itself names no account; one that went to another account in the config
// file is still in the row of the account that had it.
const refuseShared = ({ platform, accounts }: SecretsByOwner): void => {
  const owners = new Map(platform.map((secret) => [secret, 'STRIPE_WEBHOOK_SECRET']))
  for (const [account, own] of accounts)
    for (const secret of own) {
      const owner = owners.get(secret) ?? account
      owners.set(secret, account)
      if (owner === account) continue
      const problem = `${owner} and ${account} have the same signing secret, but each endpoint has its own; list the account that it is not of with "webhook_secrets": [] in the config file, or take it out of STRIPE_WEBHOOK_SECRET`
      throw new BillingSyncError('config_invalid', { source: 'webhook_secrets', problem })
    }
}

const secretOf = (secret: string, account: string | null, label: string): EndpointSecret => ({
  key: createSecretKey(Buffer.from(secret)),
  account,
  label,
})

/** Returns the secret that signed the body, or null where none did. */
export const findSigner = (
  { timestamp, signatures }: SignatureHeader,
  body: Uint8Array,
  secrets: readonly EndpointSecret[],
): EndpointSecret | null => {
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret.key).update(`${timestamp}.`).update(body).digest()
    if (signatures.some((signature) => timingSafeEqual(signature, expected))) return secret
  }
  return null
}
