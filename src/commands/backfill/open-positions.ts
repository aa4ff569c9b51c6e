// Where walks begin or go on: kept in the database, or, for a dry run, nowhere.

import { secondAtOrAfter } from '../../core/unix-second.ts'
import type { PositionUpdate } from '../../ports/pipeline-store.ts'
import { type ListName, listRows, listsOf } from '../../sources/backfill/resources.ts'
import type { Position } from '../../sources/backfill/walk.ts'
import { firstWindow, type Window } from '../../sources/backfill/windows.ts'
import { lookEveryMs } from '../../store/abandoned-transactions.ts'
import { ProcessClaims } from '../../store/claims-of-process.ts'
import { type AccountEnding, endingsOfRun } from '../../store/cursor-claims.ts'
import { type AccountRun, endRun, openRun, type TypedCommand } from '../../store/cursor-runs.ts'
import { forgetPositions, noteMended, type OpenPosition, openPositions } from '../../store/cursors.ts'
import type { Database } from '../../store/database.ts'
import type { BackfillRange, BackfillRequest } from './backfill-request.ts'

/** The instants that the dates of the command mean to each list: where a list goes on, those of its beginning. */
export type ListRanges = ReadonlyMap<ListName, Pick<BackfillRange, 'since' | 'until'>>

/** An account's lists, each with its place. */
export interface AccountPositions {
  readonly positions: ReadonlyMap<ListName, Position>
  readonly ranges: ListRanges
  /** When an earlier run of the command began the lists of which it had read something. */
  readonly continued: ReadonlyMap<ListName, Date>
  /** Lists of which that run has mended what they no longer show. */
  readonly mended: ReadonlySet<ListName>
  /** True where the run that the account goes on with insists that what is gone is gone. */
  readonly insists: boolean
  /** Entries that this run has passed by in earlier processes, since they could not be stored. */
  readonly failed: ReadonlyMap<ListName, number>
  /** Returns what a commit saves once pages have brought lists to the given places. */
  readonly updatesOf: (reached: ReadonlyMap<ListName, ReachedPosition>) => readonly PositionUpdate[]
  /** Notes that nothing stored is left that these lists no longer show. */
  readonly noteMended: (lists: readonly ListName[]) => Promise<void>
}

/** Where pages of a list have brought it. */
export interface ReachedPosition {
  readonly position: Position
  /** Entries of the pages that are no objects. */
  readonly failed: number
}

export interface Positions {
  /** Makes this process the one that backfills the account. Throws `backfill_running`. */
  claim(account: string): Promise<void>
  /** Lets go of an account, and notes how it was left. */
  release(account: string, ending: AccountEnding): Promise<void>
  /** Opens an account that was claimed. */
  open(account: string): Promise<AccountPositions>
  /** Notes that the command came to its end, unless another process is still to bring accounts of the same run to theirs. */
  end(left: LeftAccounts): Promise<void>
}

/** Accounts that a process left without having brought them to their end. */
export interface LeftAccounts {
  /** They go on when the command is given again. */
  readonly unfinished: readonly string[]
  /** Other processes had them. */
  readonly elsewhere: readonly string[]
}

interface StoredPositions {
  readonly request: BackfillRequest
  /** All accounts that the request is about. */
  readonly accounts: readonly string[]
  /** Mode of the key, null where it does not tell. */
  readonly livemode: boolean | null
  /** Ends what a killed process left open (abandoned-transactions.ts). */
  readonly endAbandoned: () => void
}

/**
 * Opens the positions of a command: those of its interrupted run, where there is one. A restart forgets them all, of accounts
 * that it may be stopped before it begins as well: what goes on with it finds none that is older. Throws
 * `mongodb_unavailable`.
 */
export const openStoredPositions = async (
  { db }: Pick<Database, 'db'>,
  { request, accounts, livemode, endAbandoned }: StoredPositions,
): Promise<Positions> => {
  const { restart, range } = request
  const claims = new ProcessClaims(db)
  const command = commandOf(request, livemode)
  const { since, until } = range
  const lists = listsOf(request.resources)
  const keysOf = (account: string) =>
    lists.map((resource) => ({ account, resource, typed: range.typed, livemode }))
  // Before the run is written down: one that goes on has older positions nowhere.
  if (restart) await endingMeanwhile(forgetPositions(db, accounts.flatMap(keysOf)), endAbandoned)
  const opened = await openRun(db, { command, run: claims.token, since, until, restart })
  const begunBefore = new Map(opened.unfinished.map(({ account, ...begun }) => [account, begun]))
  const runOf = (account: string): Required<AccountRun> => {
    const { run, since, until, insists = false } = begunBefore.get(account) ?? opened
    return { run, since, until, insists }
  }
  return {
    claim: (account) => claims.claim(account, { run: opened.run, force: restart }),
    release: (account, ending) => claims.release(account, ending),
    open: async (account) => {
      const { run, insists, ...instants } = runOf(account)
      const requests = keysOf(account).map((key) => ({
        ...{ ...key, ...instants, begin },
        // Messages are owed for what the list shows from its beginning.
        effects: key.resource === 'invoices' ? request.effects : null,
      }))
      const opener = { run, token: claims.token, restart, now: new Date() }
      const rows = await endingMeanwhile(openPositions(db, requests, opener), endAbandoned)
      const ids = new Map(lists.map((list, index) => [list, rows[index]?.id ?? '']))
      return {
        ...placesOf(lists, rows),
        insists,
        noteMended: (done) =>
          noteMended(
            db,
            done.map((list) => ids.get(list) ?? ''),
          ),
        updatesOf: (reached) =>
          [...reached].map(([list, { position, failed }]) => ({
            ...{ id: ids.get(list) ?? '', token: claims.token, kind: listRows[list].kind, failed },
            windows: position.map((window) => ({ ...window })),
          })),
      }
    },
    end: async (left) => {
      const accounts = await unfinishedOf(db, opened.run, left)
      const unfinished = accounts?.map((account) => ({ account, ...runOf(account) }))
      if (unfinished !== undefined) await endRun(db, command, { run: opened.run, unfinished })
    },
  }
}

type Places = Pick<AccountPositions, 'positions' | 'ranges' | 'continued' | 'mended' | 'failed'>

const placesOf = (lists: readonly ListName[], rows: readonly OpenPosition[]): Places => {
  const opened = lists.flatMap((list, index) => {
    const row = rows[index]
    return row === undefined ? [] : [[list, row] as const]
  })
  return {
    // Windows are written by `updatesOf` and `begin` alone.
    positions: new Map(opened.map(([list, { windows }]) => [list, windows as unknown as Position])),
    // A run of another command may have begun the list, at another time.
    ranges: new Map(opened.map(([list, { since, until }]) => [list, { since, until }])),
    continued: new Map(
      opened.flatMap(([list, { startedAt }]) => (startedAt === null ? [] : [[list, startedAt] as const])),
    ),
    mended: new Set(opened.filter(([, { isMended }]) => isMended).map(([list]) => list)),
    failed: new Map(opened.map(([list, { failed }]) => [list, failed])),
  }
}

// Undefined where the run is not over: whoever has an account ends the run, or was stopped, and the command that is given
// again goes on with it.
const unfinishedOf = async (
  db: Database['db'],
  run: string,
  left: LeftAccounts,
): Promise<readonly string[] | undefined> => {
  const endings = [...(await endingsOfRun(db, run, left.elsewhere))]
  if (endings.some(([, ending]) => ending === 'open')) return undefined
  return [
    ...left.unfinished,
    ...endings.filter(([, ending]) => ending === 'unfinished').map(([account]) => account),
  ]
}

// The killed run's transaction may have moved a position: until it ends, the server lets nobody else write that row.
const endingMeanwhile = async <Result>(work: Promise<Result>, endAbandoned: () => void): Promise<Result> => {
  const timer = setInterval(endAbandoned, lookEveryMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Opens positions that lie at the beginning and are kept nowhere. */
export const openForgottenPositions = ({ resources, range }: BackfillRequest): Positions => ({
  claim: async () => undefined,
  release: async () => undefined,
  open: async () => ({
    positions: new Map(listsOf(resources).map((list) => [list, begin(range.since, range.until)])),
    ranges: new Map(listsOf(resources).map((list) => [list, range])),
    continued: new Map(),
    mended: new Set(),
    insists: false,
    failed: new Map(),
    updatesOf: () => [],
    noteMended: async () => undefined,
  }),
  end: async () => undefined,
})

const begin = (since: Date | null, until: Date | null): (Window & Readonly<Record<string, unknown>>)[] => [
  { ...firstWindow(since && secondAtOrAfter(since), until && secondAtOrAfter(until)) },
]

const commandOf = (
  { accounts, resources, range }: BackfillRequest,
  livemode: boolean | null,
): TypedCommand => ({
  livemode,
  accounts,
  resources,
  ...range.typed,
})
