// Runs of backfills: one row per command as typed. Guarantee: a run that was killed or interrupted is the same run when
// the command is given again, so that accounts which it has completed are left alone and a relative date keeps the
// instant that it meant at first; one that came to its end is followed by a new one.

import { createHash } from 'node:crypto'
import type { Db } from 'mongodb'
import { translateMongoErrors } from './mongo-errors.ts'

/** What makes two commands the same. */
export interface TypedCommand {
  /** Mode of the key, null where it does not tell: what one mode's lists show is none of the other's. */
  readonly livemode: boolean | null
  /** Null: all connected accounts. */
  readonly accounts: readonly string[] | null
  readonly resources: readonly string[]
  readonly since: string | null
  readonly until: string | null
}

interface RunRow {
  readonly _id: string
  readonly run: string
  readonly since: Date | null
  readonly until: Date | null
  readonly completed_at: Date | null
}

export interface RunRequest {
  readonly command: TypedCommand
  /** Id of the run, should it be a new one. */
  readonly run: string
  /** What the dates mean now. */
  readonly since: Date | null
  readonly until: Date | null
  readonly restart: boolean
}

/** A run that begins or goes on. */
export type OpenRun = Pick<RunRow, 'run' | 'since' | 'until'>

const runsOf = (db: Db) => db.collection<RunRow>('billing.cursors')

/** Returns the interrupted run of the command, else a new one, which is written down. Throws `mongodb_unavailable`. */
export const openRun = (db: Db, { command, run, since, until, restart }: RunRequest): Promise<OpenRun> =>
  translateMongoErrors(async () => {
    const _id = runId(command)
    const known = restart ? null : await runsOf(db).findOne({ _id, completed_at: null })
    if (known !== null) return { run: known.run, since: known.since, until: known.until }
    const fields = { run, since, until, command, started_at: new Date(), completed_at: null }
    await runsOf(db).updateOne({ _id }, { $set: fields }, { upsert: true })
    return { run, since, until }
  })

/** Notes that a run came to its end. Throws `mongodb_unavailable`. */
export const endRun = (db: Db, command: TypedCommand, run: string): Promise<void> =>
  translateMongoErrors(async () => {
    await runsOf(db).updateOne({ _id: runId(command), run }, { $set: { completed_at: new Date() } })
  })

const runId = ({ livemode, accounts, resources, since, until }: TypedCommand): string => {
  const named = accounts === null ? 'all' : [...accounts].sort()
  const parts = [named, [...resources].sort(), since, until, livemode]
  return `run:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`
}
