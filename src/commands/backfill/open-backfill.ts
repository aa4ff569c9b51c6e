// Opens what all accounts of a backfill share, and names the accounts.

import type { Config } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import { livemodeOfKey } from '../../core/key-mode.ts'
import type { Log } from '../../log.ts'
import type { DerivingOptions } from '../../pipeline/derive-contacts.ts'
import type { ObjectFailures } from '../../sources/backfill/object-failures.ts'
import { PageRooms } from '../../sources/backfill/page-rooms.ts'
import { accountsByReach } from '../../store/connected-accounts.ts'
import type { Database } from '../../store/database.ts'
import { isWorkedOn } from '../../store/lane-claims.ts'
import { deriveContacts } from '../opening/due-contacts.ts'
import { openHandling } from '../opening/open-handling.ts'
import { openAccessTokens } from '../opening/open-stripe-access.ts'
import { openStripeCalls } from '../opening/open-stripe-calls.ts'
import type { BackfillRun } from './backfill-one.ts'
import type { BackfillRequest } from './backfill-request.ts'
import { openBackfillStripe } from './open-backfill-stripe.ts'
import { openForgottenPositions, openStoredPositions } from './open-positions.ts'
import { openStored } from './stored-of-account.ts'

export interface OpenBackfill {
  readonly run: BackfillRun
  /** The accounts to backfill. */
  readonly accounts: readonly string[]
  /** Those that are not, where all were asked for: they do not let the platform in. */
  readonly leftOut: readonly string[]
  /** What a dry run would have changed. */
  readonly changes: () => readonly DocumentChange[]
  readonly close: () => void
}

export interface BackfillOpening {
  readonly request: BackfillRequest
  readonly config: Config
  /** The platform's. */
  readonly key: string
  readonly database: Database
  /** Where objects that could not be applied are counted. */
  readonly failures: ObjectFailures
  readonly log: Log
  readonly signal: AbortSignal
  /** Told what new mappings of the config changed. */
  readonly onDerived: NonNullable<DerivingOptions['onDerived']>
}

/**
 * Pages in memory at once, of all accounts together: some 3 MB each with what was made of them. They are read again should
 * the process be killed. With eight batches hold fewer objects, sixteen are no faster (measured at answers of 50 ms).
 */
const pagesAtOnce = 12

/** Opens the run. Throws `config_invalid` where Stripe does not tell whose key it is. */
export const openBackfill = async (opening: BackfillOpening): Promise<OpenBackfill> => {
  const { request, config, key, database, failures, log, signal, onDerived } = opening
  const { effects, requestsPerSecond } = request
  const dryRun = request.dryRun || request.verify
  const asked = { source: 'backfill', effects, dryRun, reads: null, asksPlatform: true, signal } as const
  const handling = await openHandling(config, database, asked)
  const platformAccount = await handling.platformOfKey()
  if (!request.verify) await deriveContacts({ handling, database, signal, onDerived })
  const livemode = livemodeOfKey(key)
  const accessTokenOf = openAccessTokens(config, { database, dryRun })
  const calls = await openStripeCalls(config, { key, requestsPerSecond, onServed: null })
  const { inReach, cutOff } =
    request.accounts === null
      ? await accountsByReach(database.db, platformAccount)
      : { inReach: request.accounts, cutOff: [] }
  const keepsPositions = !dryRun && request.ids.length === 0
  const positions = keepsPositions
    ? await openStoredPositions(database, {
        ...{ request, livemode, accounts: [...inReach, ...cutOff] },
        endAbandoned: handling.options.onLostCommit,
      })
    : openForgottenPositions(request)
  return {
    run: {
      ...{ request, failures, log, signal, positions, store: handling.options.store },
      onLostCommit: handling.options.onLostCommit,
      stripe: openBackfillStripe(config, { calls, platformAccount, accessTokenOf }),
      // A run that writes nothing keeps nobody waiting; whether MongoDB is there the next commit tells.
      isWorkedOn: async (account) => !dryRun && isWorkedOn(database.db, account).catch(() => false),
      storedOf: (account, ranges) => openStored(database, { account, livemode, ranges }),
      rooms: new PageRooms(pagesAtOnce),
    },
    accounts: inReach,
    leftOut: cutOff,
    changes: handling.changes,
    close: calls.close,
  }
}
