// `billing-sync replay`: wiring only.

import { type Config, type ConfigFlags, loadConfig } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import { failureOf } from '../../core/inbox-row.ts'
import { BillingSyncError } from '../../errors.ts'
import { type Log, openLog } from '../../log.ts'
import { openEventFilter } from '../../sources/event-filter.ts'
import { findInputs, namesDirectory } from '../../sources/files/find-inputs.ts'
import { replayFiles } from '../../sources/replay-files.ts'
import type { ReplayItem, ReplayOptions } from '../../sources/replay-items.ts'
import { replayStored } from '../../sources/replay-stored.ts'
import { ReplayTally } from '../../sources/replay-tally.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import { selectStoredEvents } from '../../store/stored-events.ts'
import type { Progress } from '../../ui/progress.ts'
import { showReplay } from '../../ui/replay-progress.tsx'
import { deliveringNotices } from '../opening/deliver-notices.ts'
import { deriveContacts } from '../opening/due-contacts.ts'
import { type Handling, openHandling } from '../opening/open-handling.ts'
import { openCallsWithKey } from '../opening/open-stripe-access.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'
import { compileLater } from '../shell/compile-later.ts'
import { endNow, onInterrupt, wasWaiting } from '../shell/interrupt.ts'
import { keyMissing } from '../shell/key-missing.ts'
import { handleItems } from './handle-items.ts'
import { openPlatformOfEntries } from './platform-of-entries.ts'
import { printReplay } from './print-replay.ts'
import { type ReplayFlags, type ReplayRequest, replayRequestOf } from './replay-request.ts'

interface Replay {
  readonly request: ReplayRequest
  readonly config: Config
  readonly tally: ReplayTally
  readonly log: Log
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** A replay whose database is open. */
interface OpenReplay extends Replay {
  readonly handling: Handling
  /** Null where no key is set. */
  readonly calls: StripeCalls | null
  readonly database: Database
}

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
  const interrupt = onInterrupt()
  const tally = new ReplayTally()
  const log = openLog(config.logLevel ?? (process.stderr.isTTY ? 'silent' : 'info'))
  const progress = showReplay(tally, log, interrupt.signal)
  const print = (changes: readonly DocumentChange[]): void => {
    progress.stop()
    const interrupted = interrupt.exitCode !== null
    const durationMs = performance.now() - tally.begunMs
    printReplay(tally, { request, changes, ofDirectories, interrupted, durationMs })
  }
  try {
    print(await replay({ request, config, tally, log, progress, signal: interrupt.signal }))
  } catch (error) {
    progress.stop()
    const isEnded = wasWaiting(interrupt, error)
    if (isEnded || tellEnd(tally, error, request)) print([])
    if (!isEnded) throw error
    await endNow(interrupt)
  }
  return interrupt.exitCode ?? (tally.hasFailures ? 1 : 0)
}

// What was done before a fault that ends the run is kept and told, and whoever reads JSON gets some. Exit code 2 has
// done nothing.
const tellEnd = (tally: ReplayTally, error: unknown, { json }: ReplayRequest): boolean => {
  if (error instanceof BillingSyncError && error.exitCode === 2) return false
  const { code, message } = failureOf(error)
  tally.fail({ source: 'replay', event_id: null, type: null, code, error: message })
  return json || tally.read > 0
}

const replay = async (run: Replay): Promise<readonly DocumentChange[]> => {
  const { request, config, tally, log, progress, signal } = run
  const { input, effects, dryRun, eventsPerSecond } = request
  const database = await openDatabase(config, progress, { readOnly: dryRun, signal })
  const calls = await openCallsWithKey(config, null)
  try {
    const onWaiting = (reason: string | null): void => {
      tally.waitingFor = reason
    }
    const reads = calls === null ? null : ({ calls, share: 'lists', signal } as const)
    const { kind: origin } = input
    const asksPlatform = origin === 'listed'
    const asked = { source: 'replay', effects, reads, dryRun, asksPlatform, onWaiting, origin } as const
    const handling = await openHandling(config, database, asked)
    const onDerived = tally.countDerived.bind(tally)
    await deriveContacts({ handling, database, signal, onDerived })
    await progress.start()
    tally.begunMs = performance.now()
    const handle = (items: readonly ReplayItem[]) =>
      handleItems(items, { options: handling.options, tally, log })
    const options = { tally, handle, eventsPerSecond, signal }
    const replayAll = () => replayInput(options, { ...run, handling, calls, database })
    await (dryRun ? replayAll() : deliveringNotices({ config, database, log, signal }, replayAll))
    return handling.changes()
  } finally {
    calls?.close()
    await database.close()
  }
}

const replayInput = async (options: ReplayOptions, opened: OpenReplay): Promise<void> => {
  const { calls, request } = opened
  const { input, criteria } = request
  if (input.kind === 'listed') {
    if (calls === null) throw keyMissing('--from-stripe')
    const { replayFromStripe } = await import('./replay-from-stripe.ts')
    return replayFromStripe(options, { ...opened, calls }, input)
  }
  const filter = openEventFilter(criteria)
  if (input.kind === 'files') {
    const { platformAccount, options: patience } = opened.handling
    const asking = { ...patience, platformAccount, signal: options.signal }
    const platformOfEntries = openPlatformOfEntries(asking)
    return replayFiles({
      ...options,
      inputs: await findInputs(input.names),
      filter,
      platformAccount: platformOfEntries,
    })
  }
  const { statuses } = input
  const acceptsType = criteria.types.length > 0 ? filter.acceptsType : null
  const selection = { ...criteria, statuses, acceptsType }
  const { selected, dropped, rows } = await selectStoredEvents(opened.database.db, selection)
  options.tally.inputExpected = selected
  options.tally.filtered = dropped
  return replayStored({ ...options, rows })
}
