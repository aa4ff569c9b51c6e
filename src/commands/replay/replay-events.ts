// The events of one replay, from input to commit, on a database that is opened for it and closed after it.

import type { Config } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import type { Log } from '../../log.ts'
import { openEventFilter } from '../../sources/event-filter.ts'
import { findInputs } from '../../sources/files/find-inputs.ts'
import { replayFiles } from '../../sources/replay-files.ts'
import type { ReplayItem, ReplayOptions } from '../../sources/replay-items.ts'
import { replayStored } from '../../sources/replay-stored.ts'
import type { ReplayTally } from '../../sources/replay-tally.ts'
import { type Database, usingDatabase } from '../../store/database.ts'
import { selectStoredEvents } from '../../store/stored-events.ts'
import type { Progress } from '../../ui/progress.ts'
import { deliveringNotices } from '../opening/deliver-notices.ts'
import { deriveContacts } from '../opening/due-contacts.ts'
import { type Handling, openHandling } from '../opening/open-handling.ts'
import { openCallsWithKey } from '../opening/open-stripe-access.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'
import { keyMissing } from '../shell/key-missing.ts'
import { handleItems } from './handle-items.ts'
import { openPlatformOfEntries } from './platform-of-entries.ts'
import type { ReplayRequest } from './replay-request.ts'

export interface Replay {
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

/**
 * Replays the events of a request into the database of a config, counts what came of them and returns what a dry run would
 * have changed. Throws coded errors that no event is to blame for; those of events are in the tally. What was committed
 * before is kept.
 */
export const replayEvents = async (run: Replay): Promise<readonly DocumentChange[]> => {
  const { request, config, progress, signal } = run
  const options = { readOnly: request.dryRun, signal }
  return usingDatabase(config, progress, options, (database) => replayInto(database, run))
}

const replayInto = async (database: Database, run: Replay): Promise<readonly DocumentChange[]> => {
  const { request, config, tally, log, progress, signal } = run
  const { input, effects, dryRun, eventsPerSecond } = request
  const calls = await openCallsWithKey(config, null)
  try {
    const onWaiting = (reason: string | null): void => {
      tally.waitingFor = reason
    }
    const reads = calls === null ? null : ({ calls, share: 'lists', signal } as const)
    const { kind: origin } = input
    const asksPlatform = origin === 'listed'
    const how = { source: 'replay', effects, dryRun, asksPlatform, origin } as const
    const asked = { ...how, reads, signal, onWaiting }
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
