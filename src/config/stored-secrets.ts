// Signing secrets that lie in the database: others write there as well, so they are judged as those of the config file.

import * as v from 'valibot'
import { BillingSyncError } from '../errors.ts'
import { firstProblem } from './config-file.ts'
import { wordsOfIssue } from './schema-words.ts'
import { endpointSecret } from './settings.ts'

const storedSecrets = v.array(endpointSecret)

/**
 * Returns the signing secrets of an account's own endpoints, out of what its row holds, opened. Throws `config_invalid`,
 * naming the account and never the value, where that is no list of secrets: an empty one would let anybody sign events.
 */
export const readStoredSecrets = (account: string, stored: unknown): readonly string[] => {
  const parsed = v.safeParse(storedSecrets, stored, { message: wordsOfIssue, abortEarly: true })
  if (parsed.success) return parsed.output
  const problem = `those of ${account} in billing.accounts: ${firstProblem(parsed.issues)}; list the account's secrets in the config file, [] where it has none`
  throw new BillingSyncError('config_invalid', { source: 'webhook_secrets', problem })
}
