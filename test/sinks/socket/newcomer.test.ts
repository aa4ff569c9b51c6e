import { expect, onTestFinished, test } from 'vitest'
import { openMongoAdapter } from '../../../src/sinks/socket/adapters.ts'
import { openSupportServer } from '../../../src/sinks/socket/support-server.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { MongoOutbox } from '../../../src/store/outbox.ts'
import { socketPackets } from '../../../src/store/socket-packets.ts'
import { commitChanges } from '../../support/commits.ts'
import { openTestDatabase } from '../../support/database.ts'
import { listenForFile } from '../../support/listening-server.ts'
import { connectSupportClient, socketSecret } from '../../support/support-client.ts'

const { client, db } = await openTestDatabase({ ignoreUndefined: true })
await ensureCollections(db)
const { httpServer, url } = await listenForFile()
const committer = { client, db, targets: { queue: 'mongodb', sockets: true } } as const
const account = 'acct_1'

/** Looks into the outbox, in which a commit stands just as a newcomer looks for the second time. */
class LateOutbox extends MongoOutbox {
  looks = Number.NEGATIVE_INFINITY
  committed: readonly unknown[] = []

  override async rowsFrom(...asked: Parameters<MongoOutbox['rowsFrom']>) {
    this.looks += 1
    if (this.looks === 2) this.committed = await commitChanges(committer, account)
    return super.rowsFrom(...asked)
  }
}

test('a commit that a newcomer was told alone is told to those who were there, though no adapter brings it', async () => {
  const history = new LateOutbox(db)
  const adapter = openMongoAdapter(socketPackets(db))
  const server = openSupportServer({
    ...{ httpServer, secret: socketSecret, history, adapter: adapter.factory },
    ...{ lookEveryMs: 50, onToldLate: () => undefined },
  })
  onTestFinished(async () => {
    await server.close()
    await adapter.close()
  })
  const first = await connectSupportClient(url, account)
  await first.ready()
  history.looks = 0
  const newcomer = await connectSupportClient(url, account)
  await newcomer.ready()
  // As if it had been sent, and no adapter had brought it.
  await db.collection('billing.outbox').updateMany({ stripe_user_id: account }, { $set: { status: 'sent' } })
  const patience = { timeout: 20_000, interval: 20 }
  await expect.poll(newcomer.distinctNotices, patience).toEqual(history.committed)
  await expect.poll(first.distinctNotices, patience).toEqual(history.committed)
})
