// Runs of backfills: one row per command as typed. Guarantee: a run that was killed or interrupted is the same run when
// the command is given again, so that accounts which it has completed are left alone, a relative date keeps the instant
// that it meant at first, and a person who insisted at its start need not do so again; one that came to its end is followed
// by a new one, in which accounts that it left unfinished go on as in the run that began them.

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

/** An account that met trouble that passes, and the run that it goes on with. */
export interface UnfinishedAccount extends AccountRun {
  readonly account: string
}

/** The run that began an account, and the instants that its dates mean. */
export interface AccountRun {
  readonly run: string
  readonly since: Date | null
  readonly until: Date | null
  /** True where a person insists that what is gone is gone, however much it is; rows of older versions do not say. */
  readonly insists?: boolean
}

interface RunRow extends AccountRun {
  readonly _id: string
  readonly completed_at: Date | null
  /** Accounts that a run of before left unfinished; rows of older versions have none. */
  readonly unfinished?: readonly UnfinishedAccount[]
}

export interface RunRequest {
  readonly command: TypedCommand
  /** Id of the run, should it be a new one. */
  readonly run: string
  /** What the dates mean now. */
  readonly since: Date | null
  readonly until: Date | null
  /** True where a new run is to begin, which insists. */
  readonly restart: boolean
}

/** A run that begins or goes on. */
export interface OpenRun extends AccountRun {
  readonly unfinished: readonly UnfinishedAccount[]
}

const runsOf = (db: Db) => db.collection<RunRow>('billing.cursors')

/** Returns the interrupted run of the command, else a new one, which is written down. Throws `mongodb_unavailable`. */
export const openRun = (db: Db, { command, run, since, until, restart }: RunRequest): Promise<OpenRun> =>
  translateMongoErrors(async () => {
    const _id = runId(command)
    const known = restart ? null : await runsOf(db).findOne({ _id })
    const unfinished = known?.unfinished ?? []
    if (known !== null && known.completed_at === null) {
      const { run, since, until, insists = false } = known
      return { run, since, until, insists, unfinished }
    }
    const begun = { run, since, until, insists: restart, unfinished }
    const fields = { ...begun, command, started_at: new Date(), completed_at: null }
    await runsOf(db).updateOne({ _id }, { $set: fields }, { upsert: true })
    return begun
  })

/** Notes that a run came to its end, and what it left unfinished. Throws `mongodb_unavailable`. */
export const endRun = (
  db: Db,
  command: TypedCommand,
  { run, unfinished }: Pick<OpenRun, 'run' | 'unfinished'>,
): Promise<void> =>
  translateMongoErrors(async () => {
    const fields = { completed_at: new Date(), unfinished }
    await runsOf(db).updateOne({ _id: runId(command), run }, { $set: fields })
  })

const runId = ({ livemode, accounts, resources, since, until }: TypedCommand): string => {
  const named = accounts === null ? 'all' : [...accounts].sort()
  const parts = [named, [...resources].sort(), since, until, livemode]
  return `run:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`
}
