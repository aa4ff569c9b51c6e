// `billing-sync backfill`: wiring only.

import { type ConfigFlags, loadConfig } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import { livemodeOfKey } from '../../core/key-mode.ts'
import { BillingSyncError, codedErrorOf } from '../../errors.ts'
import { openLog } from '../../log.ts'
import { BackfillTally } from '../../sources/backfill/backfill-tally.ts'
import { showBackfill } from '../../ui/backfill-progress.tsx'
import { hasLiveScreen } from '../../ui/has-live-screen.ts'
import { compileLater } from '../shell/compile-later.ts'
import { endNow, onInterrupt, wasWaiting } from '../shell/interrupt.ts'
import { keyMissing, modeContradicted } from '../shell/key-missing.ts'
import { type BackfillFlags, type BackfillRequest, backfillRequestOf } from './backfill-request.ts'
import { printBackfill } from './print-backfill.ts'

/** Reads accounts' lists, prints what came of it and returns the exit code. Throws coded errors that no account is to blame for. */
export const runBackfill = async (flags: BackfillFlags & ConfigFlags): Promise<number> => {
  const request = backfillRequestOf(flags, new Date())
  compileLater()
  const config = await loadConfig(flags)
  const { stripeKey: key } = config
  if (key === undefined) throw keyMissing('backfill')
  const keysMode = livemodeOfKey(key)
  if (keysMode !== null && config.livemode === !keysMode) throw modeContradicted(keysMode ? 'live' : 'test')
  // The drivers are most of what a start loads, and a refusal needs none of them.
  const { backfillAccounts } = await import('./backfill-accounts.ts')
  const started = performance.now()
  const interrupt = onInterrupt()
  const tally = new BackfillTally()
  const isLive = hasLiveScreen(process.stderr, config)
  const log = openLog(config.logLevel ?? (isLive ? 'silent' : 'info'))
  const progress = showBackfill(tally, { log, isLive, signal: interrupt.signal })
  const print = (changes: readonly DocumentChange[]): void => {
    progress.stop()
    const interrupted = interrupt.exitCode !== null
    printBackfill(tally, { request, changes, interrupted, durationMs: performance.now() - started })
  }
  try {
    print(await backfillAccounts({ request, config, key, tally, log, progress, signal: interrupt.signal }))
  } catch (error) {
    progress.stop()
    const isEnded = wasWaiting(interrupt, error)
    if (tellEnd(tally, error, request) || isEnded) print([])
    if (!isEnded) throw error
  }
  // The driver may still wait for a server that is away.
  if (interrupt.exitCode !== null) await endNow(interrupt)
  return tally.hasFailures ? 1 : 0
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
  // Where all of them came to an end and only their run did not, each needs the command again.
  const isUntold = !tally.hasFailures
  for (const account of tally.accounts)
    if (isUntold || account.endedAt === null) account.end(codedErrorOf(error))
  return json || tally.accounts.some(({ startedAt }) => startedAt !== null)
}
