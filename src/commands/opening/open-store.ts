// The two stores of a command: the one that writes, and the one of a dry run, which only reads.

import type { Config } from '../../config/config.ts'
import type { DocumentChange } from '../../core/document-change.ts'
import { platformPlaceholder } from '../../core/object-id.ts'
import type { ObservationSource } from '../../core/observation.ts'
import type { DeliveryOptions } from '../../pipeline/handle-deliveries.ts'
import type { PipelineStore } from '../../ports/pipeline-store.ts'
import { MongoAccountReader } from '../../store/account-reader.ts'
import { listAccounts } from '../../store/accounts.ts'
import { accountsWithContactsDue } from '../../store/contacts-due.ts'
import type { Database } from '../../store/database.ts'
import { DryRunStore } from '../../store/dry-run/dry-run-store.ts'
import { LookingInbox } from '../../store/dry-run/looking-inbox.ts'
import { lookUpEvents, lookUpListedEvents, receiveEvents, reopenEvents } from '../../store/inbox.ts'
import { openMongoStore } from '../../store/mongo-store.ts'
import type { NoticeTargets } from '../../store/outbox-rows.ts'
import { decidePlatform, type PlatformSource, platformAccountOf } from '../../store/platform-account.ts'
import type { Effects } from '../../unit-of-work/unit-of-work.ts'
import type { ObjectReads } from './open-stripe-access.ts'
import type { CallsRequest } from './open-stripe-calls.ts'

export interface HandlingRequest {
  readonly source: ObservationSource
  readonly effects: Effects
  /** How objects are read from Stripe before events about them are applied; null: they are not, or no key is set. */
  readonly reads: ObjectReads | null
  /** True where nothing can be done before Stripe was asked whose key it is; the config has one. */
  readonly asksPlatform?: boolean
  /** Given by `serve`: told of each answer of Stripe's to that question. */
  readonly onServed?: CallsRequest['onServed']
  /**
   * Where deliveries come from: files, which is the default; the inbox, so that none has to be stored; or Stripe's lists, so
   * that none can be another event than the one stored.
   */
  readonly origin?: 'files' | 'stored' | 'listed'
  /** True where nothing may be written. */
  readonly dryRun?: boolean
  /** How long trouble that passes is waited out, of MongoDB and of Stripe each, in milliseconds; default a minute. */
  readonly patienceMs?: number
  /** Ends the wait for trouble to pass, and that for Stripe to tell whose key it is. */
  readonly signal?: AbortSignal
  /** Told what is waited for, for people; null once it is over. */
  readonly onWaiting?: (reason: string | null) => void
}

/** What differs between a run that writes and a dry run. */
export interface HandlingStore extends Pick<DeliveryOptions, 'receive' | 'keep'> {
  readonly store: PipelineStore
  readonly resolvePlatform: (source: PlatformSource) => Promise<string>
  readonly accountsDue: () => Promise<readonly string[]>
  readonly changes: () => readonly DocumentChange[]
}

/** Writes the config's accounts and returns the store that commits. */
export const openWriting = async (
  config: Config,
  database: Database,
  { source, origin }: HandlingRequest,
): Promise<HandlingStore> => {
  const { db } = database
  await listAccounts(db, config.accounts, config.encryptionKey)
  return {
    store: openMongoStore({
      ...database,
      parkUnknown: config.unknownAccounts === 'park',
      retentionMs: config.retentionMs,
      targets: noticeTargetsOf(config),
    }),
    receive: (deliveries) => {
      if (origin === 'stored') return reopenEvents(db, deliveries)
      return (origin === 'listed' ? lookUpListedEvents : lookUpEvents)(db, deliveries, source)
    },
    keep: async (deliveries) => {
      if (origin !== 'stored') await receiveEvents(db, deliveries, source)
    },
    resolvePlatform: (platform) => platformAccountOf(database, platform),
    accountsDue: () => accountsWithContactsDue(db),
    changes: () => [],
  }
}

/** Where the notices of this process's commits go. */
const noticeTargetsOf = ({ redisUrl, socketSecret }: Config): NoticeTargets => ({
  queue: redisUrl === undefined ? 'mongodb' : 'redis',
  sockets: socketSecret !== undefined,
})

/** Returns a store that keeps in memory what would be committed. */
export const openDryRun = async (
  config: Config,
  { db }: Database,
  { origin }: HandlingRequest,
): Promise<HandlingStore> => {
  const store = new DryRunStore({
    readerOf: (account) => new MongoAccountReader(db, account),
    parkUnknown: config.unknownAccounts === 'park',
  })
  await store.list(config.accounts)
  const inbox = new LookingInbox(db)
  return {
    store,
    receive: (deliveries) => {
      if (origin === 'stored') return reopenEvents(db, deliveries)
      return origin === 'listed' ? inbox.receiveListed(deliveries) : inbox.receive(deliveries)
    },
    keep: async () => undefined,
    resolvePlatform: async (platform) => {
      const { account, step } = await decidePlatform(db, platform)
      if (step === 'claim') await store.claimPlatform(account)
      if (step !== 'rename') return account
      // Until it is renamed, everything of the platform lies under the placeholder, and what its true row says would hold there.
      await store.renameRow({ from: platformPlaceholder, to: account })
      return platformPlaceholder
    },
    // The database does not know of those that only this run has listed or renamed.
    accountsDue: async () => [...new Set([...store.accounts(), ...(await accountsWithContactsDue(db))])],
    changes: () => store.changes(),
  }
}
