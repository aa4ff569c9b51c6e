// `billing-sync backfill`: wiring only.

import { type Config, type ConfigFlags, loadConfig } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import { livemodeOfKey } from '../../core/key-mode.ts'
import { BillingSyncError, type ErrorCode } from '../../errors.ts'
import { type Log, openLog } from '../../log.ts'
import { type AccountTally, BackfillTally } from '../../sources/backfill/backfill-tally.ts'
import { runAccounts } from '../../sources/backfill/run-accounts.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import { showBackfill } from '../../ui/backfill-progress.tsx'
import type { Progress } from '../../ui/progress.ts'
import { deliveringNotices } from '../opening/deliver-notices.ts'
import { compileLater } from '../shell/compile-later.ts'
import { endNow, onInterrupt, wasWaiting } from '../shell/interrupt.ts'
import { keyMissing, modeContradicted } from '../shell/key-missing.ts'
import { auditOne } from './audit-one.ts'
import { backfillObjects } from './backfill-objects.ts'
import { backfillOne } from './backfill-one.ts'
import { type BackfillFlags, type BackfillRequest, backfillRequestOf } from './backfill-request.ts'
import { type OpenBackfill, openBackfill } from './open-backfill.ts'
import { printBackfill } from './print-backfill.ts'

interface Backfill {
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

/** Reads accounts' lists, prints what came of it and returns the exit code. Throws coded errors that no account is to blame for. */
export const runBackfill = async (flags: BackfillFlags & ConfigFlags): Promise<number> => {
  const request = backfillRequestOf(flags, new Date())
  compileLater()
  const config = await loadConfig(flags)
  const { stripeKey: key } = config
  if (key === undefined) throw keyMissing('backfill')
  const keysMode = livemodeOfKey(key)
  if (keysMode !== null && config.livemode === !keysMode) throw modeContradicted(keysMode ? 'live' : 'test')
  const started = performance.now()
  const interrupt = onInterrupt()
  const tally = new BackfillTally()
  const log = openLog(config.logLevel ?? (process.stderr.isTTY ? 'silent' : 'info'))
  const progress = showBackfill(tally, log, interrupt.signal)
  const print = (changes: readonly DocumentChange[]): void => {
    progress.stop()
    const interrupted = interrupt.exitCode !== null
    printBackfill(tally, { request, changes, interrupted, durationMs: performance.now() - started })
  }
  try {
    print(await backfill({ request, config, key, tally, log, progress, signal: interrupt.signal }))
  } catch (error) {
    progress.stop()
    const isEnded = wasWaiting(interrupt, error)
    if (tellEnd(tally, error, request) || isEnded) print([])
    if (!isEnded) throw error
    await endNow(interrupt)
  }
  return interrupt.exitCode ?? (tally.hasFailures ? 1 : 0)
}

/** Stands for all accounts in the summary while none is known yet. */
const allAccounts = '*'

// Whoever reads JSON gets some, and what was done before a fault that ends the run is kept and told. Exit code 2 has done
// nothing.
const tellEnd = (tally: BackfillTally, error: unknown, request: BackfillRequest): boolean => {
  if (error instanceof BillingSyncError && error.exitCode === 2) return false
  const { json, resources, accounts: asked } = request
  if (tally.accounts.length === 0)
    for (const account of asked ?? [allAccounts]) tally.add(account, asked === null ? [] : resources)
  for (const account of tally.accounts) if (account.endedAt === null) account.end(codedError(error))
  return json || tally.accounts.some(({ startedAt }) => startedAt !== null)
}

const codedError = (thrown: unknown): BillingSyncError =>
  thrown instanceof BillingSyncError
    ? thrown
    : new BillingSyncError('handler_failed', {
        reason: thrown instanceof Error ? thrown.name : typeof thrown,
      })

const backfill = async (given: Backfill): Promise<readonly DocumentChange[]> => {
  const { request, config, key, log, progress, signal } = given
  const database = await openDatabase(config, progress, {
    readOnly: request.dryRun || request.verify,
    signal,
  })
  try {
    const opened = await openBackfill({
      ...{ request, config, key, database, log, signal, failures: given.tally.failures },
      onDerived: ({ length }) => {
        given.tally.derived += length
      },
    })
    try {
      await progress.start()
      await backfillAccounts(given, database, opened)
      return opened.changes()
    } finally {
      opened.close()
    }
  } finally {
    await database.close()
  }
}

const backfillAccounts = async (
  { request, config, tally, log, signal }: Backfill,
  database: Database,
  { run, accounts }: OpenBackfill,
): Promise<void> => {
  const tallies = accounts.map((account) => tally.add(account, request.resources))
  const one = oneOf(request)
  const work = async (): Promise<void> => {
    await runAccounts({ tallies, accountsAtOnce, signal, backfill: (account) => one(account, run, tally) })
    const unfinished = tallies.filter(({ error }) => error?.retryable === true)
    if (!signal.aborted && !tallies.some(isUntried))
      await run.positions.end(unfinished.map(({ account }) => account))
  }
  await (request.dryRun || request.verify
    ? work()
    : deliveringNotices({ config, database, log, signal }, work))
}

// A run whose accounts were all tried is over: one that meets trouble night after night keeps no other from being read.
const isUntried = ({ error }: AccountTally): boolean =>
  error?.code === ('account_incomplete' satisfies ErrorCode)

const oneOf = ({ ids, verify }: BackfillRequest) => {
  if (verify) return auditOne
  return ids.length > 0 ? backfillObjects : backfillOne
}
