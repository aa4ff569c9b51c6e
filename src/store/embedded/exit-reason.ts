// How a supervisor that could not announce itself tells its starter why: nobody can ask it, and on a full disk its log has
// no room either, so all that is left is its exit code.

import { getSystemErrorMap } from 'node:util'

/** Added to the number of a system error, beyond all codes of Node's own. */
const firstCode = 100

/** Exit codes are a byte. */
const greatestCode = 255

/** Returns the exit code that tells of a system error; 1 of any other. */
export const exitCodeOf = (error: unknown): number => {
  const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : Number.NaN
  const code = firstCode - errno
  return code > firstCode && code <= greatestCode ? code : 1
}

/** Returns the system error that an exit code tells of, as `ENOSPC: no space left on device`; null where it tells of none. */
export const reasonOfExit = (code: number): string | null =>
  code > firstCode
    ? (getSystemErrorMap()
        .get(firstCode - code)
        ?.join(': ') ?? null)
    : null
