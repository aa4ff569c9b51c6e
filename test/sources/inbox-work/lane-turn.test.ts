import { expect, test } from 'vitest'
import { failureOf } from '../../../src/core/inbox-row.ts'
import { BillingSyncError } from '../../../src/errors.ts'
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

/** Takes a turn, and tells how it ended, the size of each batch, what was named as running alone, and how often due events were looked for. */
const turnOf = async (
  account: string,
  isAwaited: boolean,
  waits: (rowId: string) => boolean = () => false,
) => {
  const batches: number[] = []
  const pauses = new AccountPauses(Math.random)
  const alone: unknown[] = []
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
      alone.push(
        (
          await db
            .collection<{ _id: string; alone: string | null }>('billing.lanes')
            .findOne({ _id: account })
        )?.alone ?? null,
      )
      await events.updateMany(
        { _id: { $in: deliveries.map(({ due }) => due.rowId) } },
        { $set: { status: 'done' } },
      )
      return deliveries.map(({ due }) =>
        waits(due.rowId)
          ? { outcome: 'failed', failure: failureOf(new BillingSyncError('stripe_unavailable')), waits: true }
          : { outcome: 'applied', failure: null },
      )
    },
    rest: () => null,
    inPlace: (work) => work(),
    room: new PayloadRoom(),
    isAwaited: () => isAwaited,
    pauses,
    listener: {
      ...{ onOutcome: nobody, onRetry: nobody, onDead: nobody, onWaiting: nobody },
      ...{ onLostCommit: nobody, onTakeover: nobody, onTrouble: nobody },
    },
    signal: new AbortController().signal,
    random: Math.random,
  })
  client.off('commandStarted', listen)
  return { end, batches, looks, alone, isResting: pauses.isResting(account) }
}

const fill = (account: string, count: number): Promise<void> =>
  ingest(
    database,
    ...Array.from({ length: count }, (_, index) => deliveryOf({ ...numberedEvent(index), account })),
  )

test('a turn works off all there is, and looks again only after a full batch', async () => {
  await fill('acct_alone', 85)
  // One more look is for events that failed before.
  expect(await turnOf('acct_alone', false)).toMatchObject({ end: 'idle', batches: [40, 40, 5], looks: 4 })
})

test('nothing is named as running alone once others run together again', async () => {
  await fill('acct_suspects', 45)
  const suspect = { error: { code: 'worker_died' }, next_attempt_at: new Date(1_000) }
  const failed = { error: { code: 'object_invalid' }, next_attempt_at: new Date(2_000) }
  const rows = await events.find({ stripe_user_id: 'acct_suspects' }, { projection: { _id: 1 } }).toArray()
  for (const [index, { _id }] of rows.entries())
    await events.updateOne(
      { _id },
      { $set: { status: 'failed', attempts: 1, ...(index < 40 ? suspect : failed) } },
    )
  const { batches, alone } = await turnOf('acct_suspects', false)
  expect(batches).toEqual([...Array.from({ length: 40 }, () => 1), 5])
  expect(alone.map((rowId) => rowId !== null)).toEqual([...Array.from({ length: 40 }, () => true), false])
})

test('an account of whose events some wait goes on with the others, and rests where all of them wait', async () => {
  await fill('acct_waits', 3)
  const some = await turnOf('acct_waits', false, (rowId) => rowId.endsWith('evt_1'))
  expect([some.end, some.isResting]).toEqual(['idle', false])
  await fill('acct_rests', 3)
  const all = await turnOf('acct_rests', false, () => true)
  expect([all.end, all.isResting]).toEqual(['waits', true])
})

test('a turn ends after a full batch where another account waits for its own', async () => {
  await fill('acct_long', 85)
  expect(await turnOf('acct_long', true)).toMatchObject({ end: 'more', batches: [40] })
  expect(await turnOf('acct_long', true)).toMatchObject({ end: 'more', batches: [40] })
  expect(await turnOf('acct_long', true)).toMatchObject({ end: 'idle', batches: [5] })
})
