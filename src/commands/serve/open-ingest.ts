// Joins the listener to an open database: webhooks go into its inbox, whoever works it off.

import type { Config } from '../../config/config.ts'
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
  readonly config: Config
  readonly database: Database
  readonly handling: Pick<Handling, 'platformAccount'>
  readonly log: Log
  readonly gate: WriteGate
  readonly backlog: Backlog
  readonly listener: Pick<ServeListener, 'onConflict'>
  /** Told of accounts that have new rows in the inbox. */
  readonly onStored: (accounts: Iterable<string>) => void
}

export interface Ingest {
  readonly secrets: readonly EndpointSecret[]
  /** Answers the account of deliveries that name none. Throws what kept it from being known in time. */
  readonly platformAccount: () => Promise<string>
  readonly intake: Intake
}

/** The config's accounts are in the database. Throws `config_invalid` for secrets that the key does not open. */
export const openIngest = async (request: IngestRequest): Promise<Ingest> => {
  const { config, database, handling, log, gate, backlog, listener, onStored } = request
  // An account that the config no longer lists keeps its endpoint.
  const own = await readWebhookSecrets(database.db, config.encryptionKey)
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
    secrets: endpointSecretsOf({ platform: config.webhookSecrets, accounts: own }),
    platformAccount: async () => {
      if (!gate.isOpen) throw away()
      try {
        return await askedInTime()
      } catch (error) {
        throw gate.isOpen ? error : away()
      }
    },
    intake,
  }
}

const away = (): BillingSyncError =>
  new BillingSyncError('mongodb_unavailable', { reason: 'it takes no writes' })
