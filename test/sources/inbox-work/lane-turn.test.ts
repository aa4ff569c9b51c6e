import { expect, test } from 'vitest'
import { noReads } from '../../../src/pipeline/pipeline.ts'
import { AccountPauses } from '../../../src/sources/inbox-work/account-pauses.ts'
import { type TurnEnd, takeTurn } from '../../../src/sources/inbox-work/lane-turn.ts'
import { PayloadRoom } from '../../../src/sources/inbox-work/payload-room.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { openWorkStore } from '../../../src/store/inbox-work.ts'
import { LaneClaims } from '../../../src/store/lane-claims.ts'
import { identifyThisProcess } from '../../../src/store/this-process.ts'
import { openTestDatabase } from '../../support/database.ts'
import { deliveryOf, numberedEvent } from '../../support/deliveries.ts'
import { ingest } from '../../support/running-workers.ts'

const database = await openTestDatabase({ monitorCommands: true })
const { client, db } = database
await ensureCollections(db)
const events = db.collection<{ _id: string }>('billing.events')
const store = openWorkStore(db, 40)
const lanes = new LaneClaims(db, identifyThisProcess())
const nobody = (): void => undefined

/** Takes a turn, and tells how it ended, the size of each batch, and how often due events were looked for. */
const turnOf = async (account: string, isAwaited: boolean) => {
  const batches: number[] = []
  let looks = 0
  const listen = ({ commandName, command }: { commandName: string; command: { find?: string } }): void => {
    if (commandName === 'find' && command.find === 'billing.events') looks += 1
  }
  client.on('commandStarted', listen)
  const end: TurnEnd = await takeTurn(account, {
    ...{ store, lanes },
    read: async () => noReads,
    handle: async (deliveries) => {
      batches.push(deliveries.length)
      await events.updateMany(
        { _id: { $in: deliveries.map(({ due }) => due.rowId) } },
        { $set: { status: 'done' } },
      )
      return deliveries.map(() => ({ outcome: 'applied', failure: null }))
    },
    rest: () => null,
    inPlace: (work) => work(),
    room: new PayloadRoom(),
    isAwaited: () => isAwaited,
    pauses: new AccountPauses(Math.random),
    listener: {
      ...{ onOutcome: nobody, onRetry: nobody, onDead: nobody, onWaiting: nobody },
      ...{ onLostCommit: nobody, onTakeover: nobody, onTrouble: nobody },
    },
    signal: new AbortController().signal,
    random: Math.random,
  })
  client.off('commandStarted', listen)
  return { end, batches, looks }
}

const fill = (account: string, count: number): Promise<void> =>
  ingest(
    database,
    ...Array.from({ length: count }, (_, index) => deliveryOf({ ...numberedEvent(index), account })),
  )

test('a turn works off all there is, and looks again only after a full batch', async () => {
  await fill('acct_alone', 85)
  // One more look is for events that failed before.
  expect(await turnOf('acct_alone', false)).toEqual({ end: 'idle', batches: [40, 40, 5], looks: 4 })
})

test('a turn ends after a full batch where another account waits for its own', async () => {
  await fill('acct_long', 85)
  expect(await turnOf('acct_long', true)).toMatchObject({ end: 'more', batches: [40] })
  expect(await turnOf('acct_long', true)).toMatchObject({ end: 'more', batches: [40] })
  expect(await turnOf('acct_long', true)).toMatchObject({ end: 'idle', batches: [5] })
})
