// `billing-sync replay`: wiring only.

import { type ConfigFlags, loadConfig } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import { failureOf } from '../../core/inbox-row.ts'
import { BillingSyncError } from '../../errors.ts'
import { openLog } from '../../log.ts'
import { namesDirectory } from '../../sources/files/find-inputs.ts'
import { ReplayTally } from '../../sources/replay-tally.ts'
import { hasLiveScreen } from '../../ui/has-live-screen.ts'
import { showReplay } from '../../ui/replay-progress.tsx'
import { compileLater } from '../shell/compile-later.ts'
import { endNow, onInterrupt, wasWaiting } from '../shell/interrupt.ts'
import { keyMissing } from '../shell/key-missing.ts'
import { printReplay } from './print-replay.ts'
import { type ReplayFlags, type ReplayRequest, replayRequestOf } from './replay-request.ts'

/** Replays events, prints what came of it and returns the exit code. Throws coded errors that no event is to blame for. */
export const runReplay = async (
  names: readonly string[],
  flags: ReplayFlags & ConfigFlags,
): Promise<number> => {
  const request = replayRequestOf(names, flags, new Date())
  compileLater()
  const config = await loadConfig(flags)
  if (request.input.kind === 'listed' && config.stripeKey === undefined) throw keyMissing('--from-stripe')
  const { input } = request
  const ofDirectories = input.kind === 'files' && (await namesDirectory(input.names))
  // The drivers are most of what a start loads, and a refusal needs none of them.
  const { replayEvents } = await import('./replay-events.ts')
  const interrupt = onInterrupt()
  const tally = new ReplayTally()
  const isLive = hasLiveScreen(process.stderr, config)
  const log = openLog(config.logLevel ?? (isLive ? 'silent' : 'info'))
  const progress = showReplay(tally, { log, isLive, signal: interrupt.signal })
  const print = (changes: readonly DocumentChange[]): void => {
    progress.stop()
    const interrupted = interrupt.exitCode !== null
    const durationMs = performance.now() - tally.begunMs
    printReplay(tally, { request, changes, ofDirectories, interrupted, durationMs })
  }
  try {
    print(await replayEvents({ request, config, tally, log, progress, signal: interrupt.signal }))
  } catch (error) {
    progress.stop()
    const isEnded = wasWaiting(interrupt, error)
    if (isEnded || tellEnd(tally, error, request)) print([])
    if (!isEnded) throw error
  }
  // The driver may still wait for a server that is away.
  if (interrupt.exitCode !== null) await endNow(interrupt)
  return tally.hasFailures ? 1 : 0
}

// What was done before a fault that ends the run is kept and told, and whoever reads JSON gets some. Exit code 2 has
// done nothing.
const tellEnd = (tally: ReplayTally, error: unknown, { json }: ReplayRequest): boolean => {
  if (error instanceof BillingSyncError && error.exitCode === 2) return false
  const { code, message } = failureOf(error)
  tally.fail({ source: 'replay', event_id: null, type: null, code, error: message })
  return json || tally.read > 0
}
