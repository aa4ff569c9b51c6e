// Joins the listener to an open database: webhooks go into its inbox, whoever works it off.

import type { Config } from '../../config/config.ts'
import { readStoredSecrets } from '../../config/stored-secrets.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type EndpointSecret, endpointSecretsOf } from '../../sources/webhook/endpoint-secrets.ts'
import { answerInTime } from '../../sources/webhook/platform-answer.ts'
import { readWebhookSecrets } from '../../store/account-secrets.ts'
import type { Database } from '../../store/database.ts'
import type { Backlog } from '../../store/intake/backlog.ts'
import { Intake } from '../../store/intake/intake.ts'
import type { WriteGate } from '../../store/intake/write-gate.ts'
import type { ServeListener } from '../../watch/serve-listener.ts'
import type { Handling } from '../opening/open-handling.ts'

export interface IngestRequest {
  readonly database: Database
  readonly handling: Pick<Handling, 'platformAccount' | 'platformTrouble'>
  readonly log: Log
  readonly gate: WriteGate
  readonly backlog: Backlog
  readonly listener: Pick<ServeListener, 'onConflict'>
  readonly secrets: readonly EndpointSecret[]
  /** Told of each account that has new rows in the inbox. */
  readonly wake: (account: string) => void
}

export interface Ingest {
  readonly secrets: readonly EndpointSecret[]
  /** Answers the account of deliveries that name none. Throws what kept it from being known in time. */
  readonly platformAccount: () => Promise<string>
  readonly intake: Intake
}

/**
 * Returns the signing secrets of all endpoints, as the config's accounts leave them, which nobody has to have written yet.
 * Throws `config_invalid` where the key does not open one, one is none, or two owners have the same.
 */
export const openEndpointSecrets = async (
  config: Config,
  { db }: Database,
): Promise<readonly EndpointSecret[]> => {
  const listed = new Map(
    config.accounts.flatMap(({ stripe_user_id: id, webhook_secrets: secrets }) =>
      secrets === undefined ? [] : [[id, secrets] as const],
    ),
  )
  // An account that the config no longer lists keeps its endpoint.
  const stored = await readWebhookSecrets(db, config.encryptionKey, [...listed.keys()])
  return endpointSecretsOf({
    platform: config.webhookSecrets,
    accounts: new Map([
      ...[...stored].map(([account, secrets]) => [account, readStoredSecrets(account, secrets)] as const),
      ...listed,
    ]),
  })
}

/** Joins the listener to the inbox. */
export const openIngest = (request: IngestRequest): Ingest => {
  const { database, handling, log, gate, backlog, listener, secrets, wake } = request
  const onStored = (accounts: Iterable<string>): void => {
    for (const account of accounts) wake(account)
  }
  const { onConflict } = listener
  const intake = new Intake({ db: database.db, gate, backlog, listener: { onStored, onConflict } })
  const askedInTime = answerInTime(async () => {
    // The answer lies in MongoDB, or is kept there: whether that is away is found out meanwhile, for all that come after.
    void gate.check()
    try {
      return await handling.platformAccount()
    } catch (error) {
      log.error("the platform's account is not known, its events have to wait", error)
      throw error
    }
  })
  return {
    secrets,
    platformAccount: async () => {
      if (!gate.isOpen) throw away()
      try {
        // Whoever has waited in vain knows no more than who was refused an answer.
        return await handling.platformTrouble.watch(askedInTime)
      } catch (error) {
        throw gate.isOpen ? error : away()
      }
    },
    intake,
  }
}

const away = (): BillingSyncError =>
  new BillingSyncError('mongodb_unavailable', { reason: 'it takes no writes' })
