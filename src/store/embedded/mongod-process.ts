// Runs mongod itself: its options, its port, and why it ended.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { DataFolder } from './data-folder.ts'
import { isDiskFull } from './disk-room.ts'
import { type OwnedProcess, startOwnedProcess } from './owned-process.ts'

/** Name of the replica set; constant, since it is stored with the data. */
export const replicaSetName = 'billing-sync'

/** mongod's exit code where its port is taken. */
export const portTakenCode = 48

/** A connection that happens to leave from the port takes it for a moment; a server that took it stays. */
const portPatienceMs = 2000
const portCheckMs = 50

/** A shell adds a signal's number to this to make an exit code. */
const signalBase = 128

/** Half of a small machine's habit: the mirror's hot documents fit, and two servers side by side do no harm. */
const cacheGigabytes = 0.5

/** Bounds the disk that the operation log takes; the default is 5 % of the disk, up to 50 GB. */
const oplogMegabytes = 1024

/** Room for one line of mongod's log in an error. */
const logMessageLength = 400

const loopbackAddress = '127.0.0.1'

export interface MongodSettings {
  readonly binaryPath: string
  readonly folder: DataFolder
  readonly port: number
  /** Opens failpoints; for tests only. */
  readonly testCommands: boolean
  /** Server parameters beside our own, by name. */
  readonly extraParameters: Readonly<Record<string, string>>
}

/** Starts mongod on loopback as a member of a replica set; it ends with this process. */
export const startMongod = async (settings: MongodSettings): Promise<OwnedProcess> => {
  // One log per start: what it says last is why this mongod ended. The one before is kept beside it.
  const { mongodLog } = settings.folder
  await rename(mongodLog, `${mongodLog}.1`).catch(() => {})
  return startOwnedProcess({ command: settings.binaryPath, args: mongodArguments(settings) })
}

/** Takes the port of the last start, so that its URI stays right; any free one where it stays taken. */
export const choosePort = async (folder: DataFolder): Promise<number> => {
  const last = Number(await readFile(folder.port, 'utf8').catch(() => '0'))
  const port = (await patientlyFreePort(isPort(last) ? last : 0)) ?? (await freePort(0)) ?? 0
  await writeFile(folder.port, String(port))
  return port
}

/**
 * Says why mongod ended, by its exit code, the disk and its log; for people, in one line.
 * @param leastRoomBytes free bytes below which the disk counts as full; that of `isDiskFull` unless given
 */
export const explainEnd = async (
  folder: DataFolder,
  code: number | null,
  leastRoomBytes?: number,
): Promise<string> => {
  // Before the log, which then has no room for more than what mongod says first, or for nothing at all.
  if (await isDiskFull(folder.path, leastRoomBytes))
    return `${describeExitCode(code)}: the disk of ${folder.path} is full, make room there`
  const log = await readFile(folder.mongodLog, 'utf8').catch(() => '')
  // The first one: what follows is how mongod went down over it.
  const worst = log.split('\n').find((line) => /"s":"[EF]"/.test(line))
  const ended = describeExitCode(code)
  return worst === undefined ? ended : `${ended}: ${readLogMessage(worst)}`
}

const describeExitCode = (code: number | null): string => {
  if (code === null) return 'mongod was cut off'
  return code > signalBase
    ? `mongod was ended by signal ${code - signalBase}`
    : `mongod ended with code ${code}`
}

const mongodArguments = (settings: MongodSettings): readonly string[] => {
  const parameters = {
    // A killed process's open transaction holds its locks this long, and the server looks for such only every half
    // of it: at most 12 s in all. The default is a minute.
    transactionLifetimeLimitSeconds: '8',
    // A primary that is told to stop waits 15 s for its successor by default: there is none.
    shutdownTimeoutMillisForSignaledShutdown: '100',
    diagnosticDataCollectionEnabled: 'false',
    ...(settings.testCommands ? { enableTestCommands: '1' } : {}),
    ...settings.extraParameters,
  }
  return [
    ...['--dbpath', settings.folder.database, '--logpath', settings.folder.mongodLog],
    ...['--bind_ip', loopbackAddress, '--port', String(settings.port), '--nounixsocket'],
    ...['--replSet', replicaSetName, '--oplogSize', String(oplogMegabytes)],
    ...['--wiredTigerCacheSizeGB', String(cacheGigabytes)],
    ...Object.entries(parameters).flatMap(([name, value]) => ['--setParameter', `${name}=${value}`]),
  ]
}

const patientlyFreePort = async (wanted: number): Promise<number | undefined> => {
  const giveUpAt = performance.now() + portPatienceMs
  for (;;) {
    const port = await freePort(wanted)
    if (port !== undefined || performance.now() > giveUpAt) return port
    await wait(portCheckMs)
  }
}

const isPort = (number: number): boolean => Number.isInteger(number) && number > 0 && number < 65_536

const freePort = (wanted: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: loopbackAddress, port: wanted, exclusive: true }, () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : undefined
      server.close(() => resolve(port))
    })
  })

// mongod logs one JSON document per line; a line cut short by a full disk is shown as it is.
const readLogMessage = (line: string): string => {
  try {
    const { msg, attr } = JSON.parse(line) as { msg: string; attr?: Record<string, unknown> } // mongod's log format
    const words = [msg, ...wordsOf(attr?.error), ...wordsOf(attr?.message)].join(': ')
    return words.replace(/\s+/g, ' ').slice(0, logMessageLength)
  } catch {
    return line.slice(0, logMessageLength)
  }
}

// An attribute is a text, a number without meaning to people, or WiredTiger's own record.
const wordsOf = (attribute: unknown): readonly string[] => {
  if (typeof attribute === 'string') return [attribute]
  if (typeof attribute !== 'object' || attribute === null) return []
  return Object.entries(attribute)
    .filter(([name]) => ['msg', 'errmsg', 'error_str'].includes(name))
    .map(([, words]) => String(words))
}
