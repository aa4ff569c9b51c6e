// What it means that Redis did not do as it was told: whether Redis itself is unwell, or only refuses this one command.

import type { Redis } from 'ioredis'
import { BillingSyncError } from '../errors.ts'

/** Returns the coded error of a connection that is not there. */
export const notConnected = (): BillingSyncError =>
  new BillingSyncError('sink_unavailable', { sink: 'Redis', reason: 'no connection' })

/** Codes of answers by which a healthy connection tells that Redis itself is not well. */
const outages: ReadonlySet<string> = new Set([
  ...['LOADING', 'OOM', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'MISCONF', 'BUSY'],
  ...['NOREPLICAS', 'NOAUTH', 'WRONGPASS', 'NOPERM', 'UNBLOCKED', 'EXECABORT'],
])

// Redis 6 answers for a script with `ERR`, what went wrong in it, such as a lack of memory, and where.
const inScript = /^ERR Error running script .*@user_script: ?\d+: -?([A-Z]+)/s

const codeOf = ({ message }: Error): string => inScript.exec(message)?.[1] ?? message.split(/[\s:]/)[0] ?? ''

/**
 * Returns the coded error of a failed command: `sink_rejected` where Redis is well and takes this one not, else
 * `sink_unavailable`. Takes as long as a command may take.
 */
export const redisFailure = async (error: unknown, redis: Redis): Promise<BillingSyncError> => {
  const answer = error instanceof Error && error.name === 'ReplyError' ? codeOf(error) : null
  const isWell = answer === null ? await isAnswering(redis) : !outages.has(answer)
  const reason = answer ?? (error instanceof Error ? error.name : 'no connection')
  const code = isWell ? 'sink_rejected' : 'sink_unavailable'
  return new BillingSyncError(code, { sink: 'Redis', reason }, { cause: error })
}

const isAnswering = (redis: Redis): Promise<boolean> =>
  redis.ping().then(
    () => true,
    () => false,
  )
