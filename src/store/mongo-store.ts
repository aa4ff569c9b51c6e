// The pipeline's store on MongoDB. Guarantee: a batch is committed in one transaction whose first write compares
// and raises the account's sequence number, so commits of one account are serial whatever the processes, and a
// batch that read anything older than the last commit is refused (snapshot isolation alone allows write skew). A held
// account's transaction begins before the batch reads: nothing older can be read then.

import type { Db, MongoClient } from 'mongodb'
import type { Commit, HeldAccount, OpenAccount, PipelineStore } from '../ports/pipeline-store.ts'
import { MongoAccountReader } from './account-reader.ts'
import { openAccountRow } from './accounts.ts'
import { commitBatch, holdAccount } from './commit-batch.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import type { NoticeTargets } from './outbox-rows.ts'

export interface MongoStoreOptions {
  readonly client: MongoClient
  readonly db: Db
  /** Events of accounts that no config lists wait as `parked` in place of being handled. */
  readonly parkUnknown: boolean
  /** How long settled events and notices are kept, in milliseconds. */
  readonly retentionMs: number
  /** Where notices go; to `queue.jobs` unless told otherwise. */
  readonly targets?: NoticeTargets
}

/** Returns the store on a connected client. */
export const openMongoStore = (options: MongoStoreOptions): PipelineStore => {
  const openAccount = (id: string): Promise<OpenAccount> =>
    translateMongoErrors(async () => {
      const { listed, ...state } = await openAccountRow(options.db, id)
      const parked = options.parkUnknown && !listed
      return { ...state, parked, reader: new MongoAccountReader(options.db, id) }
    })
  return {
    openAccount,
    commit: (commit: Commit): Promise<boolean> => commitBatch(commit, options),
    hold: async (account): Promise<HeldAccount | null> => {
      const held = await holdAccount(account, options)
      return held === null ? null : { store: { openAccount, commit: held.commit }, release: held.release }
    },
  }
}
