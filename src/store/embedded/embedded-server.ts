// The mongod of one supervisor, from finding its program to its end. It is started again where it dies under
// way, on the same port, so that the commands that use it see a short outage and no more.

import { join } from 'node:path'
import type { BillingSyncError } from '../../errors.ts'
import type { DataFolder } from './data-folder.ts'
import { endLeftoverMongod } from './leftover-mongod.ts'
import { findMongodBinary, type MongodBinary } from './mongod-binary.ts'
import { mongodFailure } from './mongod-failure.ts'
import { choosePort, explainEnd, portTakenCode, replicaSetName, startMongod } from './mongod-process.ts'
import type { OwnedProcess } from './owned-process.ts'
import { awaitPrimary } from './replica-set.ts'
import type { RunningServer } from './supervisor-protocol.ts'
import type { SupervisorSettings } from './supervisor-settings.ts'

/** A mongod that dies more often than this within the time below is not started again. */
const mostDeaths = 3
const deathsWindowMs = 60_000

/** Another process may take a free port before mongod does; the next one is tried, this often. */
const mostPortTries = 5

/** A sound database is primary within a second or two; a long journal on a slow disk takes minutes. */
const startTimeoutMs = 5 * 60_000

export interface EmbeddedServerRun {
  readonly folder: DataFolder
  readonly settings: SupervisorSettings
  readonly onProgress: (text: string) => void
  /** mongod takes writes: at first, and after each restart. */
  readonly onReady: (server: RunningServer) => void
  /** mongod died and is about to be started again. */
  readonly onDeath: (reason: string) => void
  /** Ends the server. */
  readonly signal: AbortSignal
}

interface StartedMongod {
  readonly mongod: OwnedProcess
  readonly port: number
}

/**
 * Runs the server until the signal aborts, then stops it cleanly and resolves. Rejects with a coded error where
 * no mongod can be found or started, or where it keeps dying.
 */
export const runEmbeddedServer = async (run: EmbeddedServerRun): Promise<void> => {
  const binary = await findBinary(run)
  run.onProgress(`Starting ${binary.source}`)
  const deaths: number[] = []
  while (!run.signal.aborted) {
    const { mongod, port } = await startPrimary(run, binary, 1)
    run.onReady({
      uri: `mongodb://127.0.0.1:${port}/?replicaSet=${replicaSetName}`,
      binarySource: binary.source,
    })
    await Promise.race([mongod.ended, aborted(run.signal)])
    if (run.signal.aborted) return mongod.end()
    const reason = await explainEnd(run.folder, (await mongod.ended).code)
    deaths.push(performance.now())
    if (recent(deaths) > mostDeaths) throw failure(run, reason)
    run.onDeath(reason)
  }
}

const findBinary = ({ settings, folder, onProgress, signal }: EmbeddedServerRun): Promise<MongodBinary> => {
  const { environment, mongodPath } = settings
  const cacheFolders = [join(environment.cacheFolder, 'billing-sync'), folder.programs]
  return findMongodBinary({ environment, mongodPath, cacheFolders, onProgress, signal })
}

const startPrimary = async (
  run: EmbeddedServerRun,
  binary: MongodBinary,
  attempt: number,
): Promise<StartedMongod> => {
  await endLeftoverMongod(run.folder)
  const port = await choosePort(run.folder)
  const mongod = await startMongod({ ...run.settings, binaryPath: binary.path, folder: run.folder, port })
  const died = new AbortController()
  void mongod.ended.then(({ code }) => died.abort(code))
  const timeout = AbortSignal.timeout(startTimeoutMs)
  try {
    const { database } = run.folder
    await awaitPrimary({ port, database }, AbortSignal.any([run.signal, died.signal, timeout]))
    return { mongod, port }
  } catch (error) {
    const code: number | null | undefined = died.signal.aborted ? died.signal.reason : undefined
    await mongod.end()
    if (code === portTakenCode && attempt < mostPortTries) return startPrimary(run, binary, attempt + 1)
    throw failure(run, code === undefined ? String(error) : await explainEnd(run.folder, code), error)
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const recent = (deaths: readonly number[]): number =>
  deaths.filter((time) => performance.now() - time < deathsWindowMs).length

const failure = ({ folder }: EmbeddedServerRun, reason: string, cause?: unknown): BillingSyncError =>
  mongodFailure(folder.path, reason, { log: folder.mongodLog, cause })
