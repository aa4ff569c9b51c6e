// The accounts of one backfill, on a database and lists that are opened for it and closed after it.

import type { Config } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { AccountTally, BackfillTally } from '../../sources/backfill/backfill-tally.ts'
import { runAccounts } from '../../sources/backfill/run-accounts.ts'
import { type Database, explaining, usingDatabase } from '../../store/database.ts'
import type { Progress } from '../../ui/progress.ts'
import { deliveringNotices } from '../opening/deliver-notices.ts'
import { auditOne } from './audit-one.ts'
import { backfillObjects } from './backfill-objects.ts'
import { backfillOne } from './backfill-one.ts'
import type { BackfillRequest } from './backfill-request.ts'
import { type OpenBackfill, openBackfill } from './open-backfill.ts'

export interface Backfill {
  readonly request: BackfillRequest
  readonly config: Config
  /** The platform's. */
  readonly key: string
  readonly tally: BackfillTally
  readonly log: Log
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Accounts under way at once: enough to use up the key's requests where each account has a page of each list. */
const accountsAtOnce = 8

/**
 * Backfills the accounts of a request into the database of a config, counts what came of it and returns what a dry run
 * would have changed. Throws coded errors that no account is to blame for; those of accounts are in the tally. What was
 * committed before is kept.
 */
export const backfillAccounts = async (given: Backfill): Promise<readonly DocumentChange[]> => {
  const { request, config, progress, signal } = given
  const options = { readOnly: request.dryRun || request.verify, signal }
  return usingDatabase(config, progress, options, (database) => backfillInto(database, given))
}

const backfillInto = async (database: Database, given: Backfill): Promise<readonly DocumentChange[]> => {
  const { request, config, key, tally, log, progress, signal } = given
  const opened = await openBackfill({
    ...{ request, config, key, database, log, signal, failures: tally.failures },
    onDerived: ({ length }) => {
      tally.derived += length
    },
  })
  tally.goesOn = true
  try {
    await progress.start()
    await backfillOpened(given, database, opened)
    return opened.changes()
  } finally {
    opened.close()
  }
}

const backfillOpened = async (
  { request, config, tally, log, signal }: Backfill,
  database: Database,
  { run, accounts, leftOut }: OpenBackfill,
): Promise<void> => {
  const tallies = accounts.map((account) => tally.add(account, request.resources))
  tally.leftOut = leftOut
  const one = oneOf(request)
  const work = async (): Promise<void> => {
    await runAccounts({
      ...{ tallies, accountsAtOnce, signal, hasOwnToken: run.stripe.hasOwnToken },
      backfill: (account) => explaining(database, () => one(account, run, tally)),
    })
    const accountsThat = (is: (tally: AccountTally) => boolean): readonly string[] =>
      tallies.filter(is).map(({ account }) => account)
    if (signal.aborted || tallies.some(isUntried)) return
    const [unfinished, elsewhere] = [accountsThat(isUnfinished), accountsThat(isElsewhere)]
    await run.positions.end({ unfinished, elsewhere })
    tally.goesOn = unfinished.length + elsewhere.length > 0
  }
  await (request.dryRun || request.verify
    ? work()
    : deliveringNotices({ config, database, log, signal }, work))
}

// A run whose accounts were all tried is over: one that meets trouble night after night keeps no other from being read.
const isUntried = ({ error }: AccountTally): boolean =>
  error?.code === ('account_incomplete' satisfies ErrorCode)

const isUnfinished = ({ error }: AccountTally): boolean => error?.retryable === true

const elsewhereCodes: ReadonlySet<ErrorCode> = new Set(['backfill_running', 'backfill_superseded'])
const isElsewhere = ({ error }: AccountTally): boolean => error !== null && elsewhereCodes.has(error.code)

const oneOf = ({ ids, verify }: BackfillRequest) => {
  if (verify) return auditOne
  return ids.length > 0 ? backfillObjects : backfillOne
}
