// What MongoDB's errors mean, decided by their labels and codes, never by their text, but for WiredTiger's error number in
// that of code 8:
// https://www.mongodb.com/docs/drivers/node/current/fundamentals/crud/  (labels: src/error.ts of the driver).

import {
  MongoBulkWriteError,
  MongoError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { printable } from '../core/printable.ts'
import { systemErrorCode } from '../core/system-error-code.ts'
import { BillingSyncError } from '../errors.ts'
import type { ServerPlace } from './server-place.ts'
import { RefusedWrite } from './write-commands.ts'

/** Server error 11000: a unique key is taken. */
export const duplicateKey = 11_000

/** Server errors that say a document is too large or too deep: 10334 BSONObjectTooLarge, 17280, 17419 of an update, 15 Overflow. */
const tooLarge: ReadonlySet<unknown> = new Set([10_334, 17_280, 17_419, 15])

/** Server error 171 CannotIndexParallelArrays. */
const parallelArrays = 171

/** Server error 121 DocumentValidationFailure: the collection has a validator, which is never one of ours. */
const failedValidation = 121

/** Server errors 112 WriteConflict and 290 TransactionExceededLifetimeLimitSeconds; the latter comes without any label. */
const writeConflict = 112
const transactionExpired = 290

/** Server error 388 TransactionTooLargeForCache: it will not fit the next time, either. */
const tooLargeForCache = 388

/**
 * What a failed transaction calls for. `crowded` is one that met another, or was crowded out of the server's cache by
 * its own size: the server tells both alike (measured with 500,000 index keys in 256 MB).
 */
export type TransactionVerdict =
  | 'again'
  | 'crowded'
  | 'outlasted'
  | 'taken'
  | 'unstorable'
  | 'unindexable'
  | 'invalid'
  | 'overflowing'
  | 'unavailable'
  | 'ours'

/** Returns what an error thrown inside a transaction calls for. */
export const judgeTransactionError = (thrown: unknown): TransactionVerdict => {
  const error = rootOf(thrown)
  if (error instanceof RefusedWrite) return verdictOnRefused(error)
  if (isOfEndedSocket(error)) return 'unavailable'
  if (!(error instanceof MongoError)) return error instanceof RangeError ? 'unstorable' : 'ours'
  if (isCommitUnknown(error)) return 'unavailable'
  const verdict = verdictOnTransaction(error.code)
  if (verdict !== null) return verdict
  if (error.hasErrorLabel('TransientTransactionError') && !(error instanceof MongoNetworkError))
    return 'again'
  if (error instanceof MongoInvalidArgumentError) return 'unstorable'
  return verdictOnWrite(error.code) ?? (isOutage(error) ? 'unavailable' : 'ours')
}

// The server answers what ends the whole transaction as the error of one of its writes, too, without any label: 388 at an
// insert (measured with 6.0.5).
const verdictOnRefused = (refused: RefusedWrite): TransactionVerdict =>
  verdictOnTransaction(refused.code) ??
  verdictOnWrite(refused.code) ??
  (saysServerIsAway(refused) ? 'unavailable' : 'ours')

/** Returns how an error that is judged `unavailable` ended a transaction, for people. */
export const transactionEnd = (thrown: unknown): string => {
  const error = rootOf(thrown)
  return (error instanceof MongoServerError || error instanceof RefusedWrite) && isOfFullDisk(error)
    ? noRoom
    : 'the transaction was cut off'
}

const noRoom = 'its disk is full, make room there'

const verdictOnTransaction = (code: unknown): TransactionVerdict | null => {
  if (code === tooLargeForCache) return 'overflowing'
  if (code === writeConflict) return 'crowded'
  return code === transactionExpired ? 'outlasted' : null
}

const verdictOnWrite = (code: unknown): TransactionVerdict | null => {
  if (code === duplicateKey) return 'taken'
  if (tooLarge.has(code)) return 'unstorable'
  if (code === failedValidation) return 'invalid'
  return code === parallelArrays ? 'unindexable' : null
}

// A lost connection in a bulk write comes as a bulk error without a single failed write: read as it stands, every
// row would seem to be written.
const rootOf = (error: unknown): unknown => {
  const root: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : null
  return root instanceof Error ? root : error
}

/** Returns the indexes of the rows that were not written because their key is taken; rethrows anything else. */
export const takenIndexes = (error: unknown): ReadonlySet<number> => {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined)
    throw error
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
  if (failures.length === 0 || failures.some((failure) => failure.code !== duplicateKey)) throw error
  return new Set(failures.map((failure) => failure.index))
}

/** Server errors 43 CursorNotFound and 237 CursorKilled: one that idled too long, or whose server restarted. */
const lostCursor: ReadonlySet<unknown> = new Set([43, 237])

/** Tells whether a cursor is gone; its query can be made again. */
export const isCursorLost = (error: unknown): boolean =>
  error instanceof MongoServerError && lostCursor.has(error.code)

/**
 * Runs an operation and throws a coded error in place of the driver's: `mongodb_unavailable` where the server is
 * away, `config_invalid` where it refuses who asks.
 */
export const translateMongoErrors = async <Result>(
  operation: () => Promise<Result>,
  place: ServerPlace = anyPlace,
): Promise<Result> => {
  try {
    return await operation()
  } catch (error) {
    throw translated(error, place)
  }
}

const anyPlace: ServerPlace = { source: 'MONGODB_URI', hosts: null }

const translated = (thrown: unknown, place: ServerPlace): unknown => {
  const error = rootOf(thrown)
  const refusal = error instanceof MongoServerError ? refusalOf(error) : undefined
  if (refusal !== undefined) {
    return new BillingSyncError(
      'config_invalid',
      { source: place.source, problem: refusal },
      { cause: error },
    )
  }
  if (!isOutage(error) && !isUnresolved(error)) return thrown
  return new BillingSyncError('mongodb_unavailable', { reason: outageReason(error, place) }, { cause: error })
}

/**
 * MongoDB Atlas's own error, whatever it refuses; a wrong password among it, while a connection is made. Told by threads of its
 * users, not tried.
 */
const atlasError = 8_000

const refusalOf = (error: MongoServerError): string | undefined =>
  refusals.get(
    error.code === atlasError && error.hasErrorLabel('HandshakeError') ? wrongPassword : error.code,
  )

const wrongPassword = 18

/** Server errors that the connection string is to blame for. */
const refusals: ReadonlyMap<unknown, string> = new Map([
  [13, 'its user is not allowed to read and write the database, or no user is named'],
  [wrongPassword, 'the server refuses its user name or password'],
  [73, 'the server refuses the database name in its path'],
  [
    13_297,
    'the server has a database whose name differs from the one in its path by upper and lower case alone',
  ],
])

const isOutage = (error: unknown): boolean =>
  error instanceof MongoNetworkError ||
  error instanceof MongoServerSelectionError ||
  error instanceof MongoWriteConcernError ||
  isOfClosedClient(error) ||
  isOfEndedSocket(error) ||
  (error instanceof MongoBulkWriteError && error.result.getWriteConcernError() !== undefined) ||
  (error instanceof MongoError &&
    (error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('RetryableError'))) ||
  (error instanceof MongoServerError && saysServerIsAway(error))

// The driver knows no signal, so whoever gives up a server closes the client; not all of these classes are exported. What was
// asked may have been done, as with a lost connection.
const isOfClosedClient = (error: unknown): boolean =>
  error instanceof MongoError && ofClosedClient.has(error.name)

const ofClosedClient: ReadonlySet<string> = new Set([
  ...['MongoClientClosedError', 'MongoTopologyClosedError', 'MongoServerClosedError', 'MongoPoolClosedError'],
  ...['MongoNotConnectedError', 'MongoExpiredSessionError'],
])

// The driver passes on, as it stands, what a socket says that ends or breaks while something is written to it: measured with
// 7.9.0, whose `writeCommand` makes network errors only of what a write throws.
const isOfEndedSocket = (error: unknown): boolean => endedSocket.has(systemErrorCode(error))

const endedSocket: ReadonlySet<string | null> = new Set([
  ...['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
])

/**
 * Server errors that say something of the server's state and nothing of what was asked. The driver asks once more after some of
 * them, then it throws them without any label where it was a read, or a command that it does not ask again.
 */
const outageCodes: ReadonlySet<unknown> = new Set([
  // A member, or another one behind it, is not reached: HostUnreachable, HostNotFound, NetworkTimeout, SocketException,
  // ShutdownInProgress, FailedToSatisfyReadPreference, NetworkInterfaceExceededTimeLimit.
  ...[6, 7, 89, 9_001, 91, 133, 202],
  // It is no primary, or not yet: PrimarySteppedDown, ElectionInProgress, NotWritablePrimary, NotPrimaryNoSecondaryOk,
  // NotPrimaryOrSecondary, ReadConcernMajorityNotAvailableYet.
  ...[189, 216, 10_107, 13_435, 13_436, 134],
  // It ended what was asked: Interrupted, InterruptedAtShutdown, InterruptedDueToReplStateChange, MaxTimeMSExpired,
  // ExceededTimeLimit, LockTimeout.
  ...[11_601, 11_600, 11_602, 50, 262, 24],
  ...lostCursor,
  // It has no room: TemporarilyUnavailable, and what Atlas says once its storage is full.
  ...[365, atlasError],
  // Its members can't confirm what was written: WriteConcernFailed, UnsatisfiableWriteConcern.
  ...[64, 100],
  transactionExpired,
])

/** What the server answers, be it as the driver's error or as a refused write. */
interface Answer {
  readonly code?: unknown
  readonly message: string
}

const saysServerIsAway = (answer: Answer): boolean => outageCodes.has(answer.code) || isOfFullDisk(answer)

const outOfDiskSpace = 14_031
const unknownError = 8

// WiredTiger's own errors come as UnknownError, whatever they are: a new collection or index that finds no room as "28: No space
// left on device" (measured with 6.0.5). The number in front, ENOSPC on every platform, is all that tells it from a fault.
const isOfFullDisk = ({ code, message }: Answer): boolean =>
  code === outOfDiskSpace || (code === unknownError && /(?:^|:: )28: /.test(message))

// The driver passes on what node:dns throws for the host of a mongodb+srv URI.
const isUnresolved = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && String(error.syscall).startsWith('query')

// The driver's texts may hold a connection string's user, so only the kind is told, and the hosts where they are known.
const outageReason = (error: unknown, { hosts }: ServerPlace): string => {
  const at = hosts === null ? '' : ` at ${hosts}`
  if (isUnresolved(error)) return "the name of its host can't be resolved"
  if (isOfClosedClient(error)) return 'the wait for it was ended'
  if (isOfEndedSocket(error)) return `its connection ended (${systemErrorCode(error)})`
  if (error instanceof MongoServerSelectionError) return `${whoIsMissing(error)}${at}${reasonsOf(error)}`
  if (error instanceof MongoServerError && error.code === atlasError)
    return 'Atlas refuses what it is asked for, as it does once its storage is full, or where its user lacks a right'
  if (error instanceof MongoServerError && isOfFullDisk(error)) return noRoom
  if (error instanceof MongoServerError) return `server error ${error.code}${nameOfCode(error)}`
  if (error instanceof MongoNetworkTimeoutError) return 'its answer took too long'
  if (error instanceof MongoNetworkError) return 'its connection was cut off'
  return error instanceof Error ? error.name : 'unknown error'
}

// Such as ShutdownInProgress: names of the server's own, which quote nothing.
const nameOfCode = ({ codeName }: MongoServerError): string =>
  typeof codeName === 'string' ? ` (${printable(codeName)})` : ''

// Whoever answers and is no member of the set that was asked for is left out of the driver's picture of it.
const whoIsMissing = ({ reason }: MongoServerSelectionError): string =>
  reason !== undefined && reason.setName !== null && reason.servers.size === 0
    ? `no member of the replica set "${reason.setName}" was found`
    : 'no server could be selected'

// Such as ECONNREFUSED, or why a TLS handshake fails: codes of Node and OpenSSL quote nothing.
const reasonsOf = ({ reason }: MongoServerSelectionError): string => {
  const servers = [...(reason?.servers.values() ?? [])]
  const codes = new Set(
    servers.map(({ error }) => systemErrorCode(error?.cause)).filter((code) => code !== null),
  )
  return codes.size === 0 ? '' : ` (${[...codes].join(', ')})`
}

/** Tells whether it is unknown if a commit took place; committing again is safe then. */
export const isCommitUnknown = (error: unknown): boolean =>
  error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult')
