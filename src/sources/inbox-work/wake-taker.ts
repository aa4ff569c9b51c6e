// The other end of shared-wakes.ts: takes the turns of accounts that any process of the inbox woke.

import { Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { inTime } from '../../in-time.ts'
import { wakesQueueOf } from './shared-wakes.ts'

export interface WakeTakerOptions {
  /** For reads that block. */
  readonly connection: Redis
  /** Names the inbox: processes that share it share the wake-ups. */
  readonly inbox: string
  /** Takes a turn of an account; resolves when it is over, and never rejects. */
  readonly takeTurn: (account: string) => Promise<void>
  /** Turns of this process at once. */
  readonly turnsAtOnce: number
}

export interface WakeTaker {
  /** Takes up no more jobs, within a second; those under way are somebody else's to wait for. */
  close(): Promise<void>
}

/** How long Redis is waited for at the end. */
const patienceMs = 1_000

/** Begins to take turns. */
export const takeSharedWakes = ({
  connection,
  inbox,
  takeTurn,
  turnsAtOnce,
}: WakeTakerOptions): WakeTaker => {
  const worker = new Worker(wakesQueueOf(inbox), ({ name }) => takeTurn(name), {
    connection,
    concurrency: turnsAtOnce,
    skipVersionCheck: true,
  })
  // Without a listener an error event would end the process; what fails is found by the probe of the wake-ups.
  worker.on('error', () => undefined)
  return {
    close: async () => {
      await inTime(worker.close(true), patienceMs, null).catch(() => undefined)
      connection.disconnect()
    },
  }
}
