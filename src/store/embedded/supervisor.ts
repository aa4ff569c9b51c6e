// Entry of the process that owns an embedded MongoDB: `node supervisor.js <orders as JSON>`. It is started
// detached by the first command that needs the server, and outlives it: the server belongs to whoever is
// connected, and stops a few seconds after the last of them has gone, however they went.

import { once } from 'node:events'
import { BillingSyncError } from '../../errors.ts'
import { announce, withdraw } from './announcements.ts'
import { type DataFolder, describeDataFolder } from './data-folder.ts'
import { winElection } from './election.ts'
import { runEmbeddedServer } from './embedded-server.ts'
import { exitCodeOf } from './exit-reason.ts'
import { closeForeignDescriptors } from './foreign-descriptors.ts'
import { mongodFailure } from './mongod-failure.ts'
import { Reception } from './reception.ts'
import type { SupervisorMessage, SupervisorState } from './supervisor-protocol.ts'
import type { SupervisorOrders, SupervisorSettings } from './supervisor-settings.ts'
import { UsageClock } from './usage-clock.ts'

interface Service {
  readonly settings: SupervisorSettings
  readonly folder: DataFolder
  readonly reception: Reception
  readonly clock: UsageClock
}

const supervise = async ({ settings, socket }: SupervisorOrders): Promise<void> => {
  const folder = describeDataFolder(settings.dataFolder)
  const clock = new UsageClock(settings.lingerMs)
  const onUsersChange = (users: number) => clock.count(users)
  const reception = new Reception({ socket, dataFolder: folder.path, onUsersChange })
  process.on('SIGTERM', () => clock.endSoon()).on('SIGINT', () => clock.endSoon())
  await reception.open()
  const announcement = await announce(folder, socket).catch((error: Error) => {
    reception.close()
    process.stderr.write(`${new Date().toISOString()} ${process.pid} ${error.message}\n`)
    return process.exit(exitCodeOf(error))
  })
  if (await winElection(folder, announcement)) await serve({ settings, folder, reception, clock })
  await withdraw(folder, announcement)
  reception.close()
}

const serve = async ({ settings, folder, reception, clock }: Service): Promise<void> => {
  const { signal } = clock
  const enter = (state: SupervisorState, news?: SupervisorMessage) => {
    if (signal.aborted && state !== 'stopping') return // what was under way has ended meanwhile
    process.stderr.write(
      `${new Date().toISOString()} ${process.pid} ${state} ${JSON.stringify(news ?? {})}\n`,
    )
    reception.enter(state, news)
  }
  const prepare = (text: string) => enter('preparing', { type: 'progress', text })
  enter('preparing')
  signal.addEventListener('abort', () => enter('stopping'))
  try {
    await runEmbeddedServer({
      settings,
      folder,
      signal,
      onProgress: prepare,
      onReady: (server) => enter('serving', { type: 'ready', server }),
      onDeath: (reason) => prepare(`Starting MongoDB again (${reason})`),
    })
  } catch (error) {
    if (signal.aborted) return // nobody is left to hear of it
    enter('failed', describeFailure(error, folder))
    clock.stopLingering()
    await once(signal, 'abort')
  }
}

const describeFailure = (error: unknown, folder: DataFolder): SupervisorMessage => {
  const log = folder.supervisorLog
  const coded = error instanceof BillingSyncError ? error : mongodFailure(folder.path, String(error), { log })
  return { type: 'failed', code: coded.code, details: coded.details }
}

// Its log has no room on a full disk, which is the very news that the commands are waiting for: it is told to them all the same.
process.stderr.on('error', () => undefined)
closeForeignDescriptors()
const [orders] = process.argv.slice(2)
await supervise(JSON.parse(orders ?? '{}') as SupervisorOrders) // written by start-supervisor.ts
process.exit(0)
