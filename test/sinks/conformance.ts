// What every sink keeps, whatever is behind it: the one suite that each passes on its real receiver.

import { expect, onTestFinished, test } from 'vitest'
import type { OutboxStore } from '../../src/ports/outbox-store.ts'
import type { Sink, SinkListener } from '../../src/sinks/sink.ts'
import { SinkLanes } from '../../src/sinks/sink-lanes.ts'
import { MongoOutbox } from '../../src/store/outbox.ts'
import { type Committer, commitChanges } from '../support/commits.ts'

export interface Receiver extends Committer {
  /** Opens the sink as a process that starts does. */
  open(): Sink
  /** Ids of the account's notices as the receiver has got them, in order; those sent twice once. */
  received(account: string): Promise<readonly string[]>
  /** Starts a receiver for the account; what is sent from then on arrives. */
  listen(account: string): Promise<void>
  /** Takes the receiver away, and returns what brings it back. */
  goAway(): Promise<() => Promise<void>>
  /** Has the receiver refuse what it is told, and returns what ends that. */
  refuse(): Promise<() => Promise<void>>
  /** Has the outbox fail once to mark what was sent, and once to give back what was claimed. */
  failMarks(): Promise<void>
}

/** What was told of a sink. */
export interface Told {
  delivered: number
  readonly failures: string[]
  dead: number
}

let accounts = 0

/** Returns an account that no other test uses. */
export const newAccount = (): string => {
  accounts += 1
  return `acct_conform${process.pid}x${accounts}`
}

/** Starts the delivery to a sink, until the test is over. */
export const startLanes = (
  sink: Sink,
  store: OutboxStore,
): { readonly lanes: SinkLanes; readonly told: Told } => {
  const told: Told = { delivered: 0, failures: [], dead: 0 }
  const listener: SinkListener = {
    onDelivered: (_lane, count) => {
      told.delivered += count
    },
    onDeliveryFailed: (_lane, code) => told.failures.push(code),
    onDeliveryDead: () => {
      told.dead += 1
    },
  }
  const lanes = new SinkLanes({ sink, store, listener, random: () => 0.5 })
  onTestFinished(() => lanes.close())
  return { lanes, told }
}

const patience = { timeout: 15_000, interval: 20 }

/** Checks a sink; call it within `describe`. */
export const sinkConforms = (receiver: Receiver): void => {
  const store = new MongoOutbox(receiver.db)
  const start = () => startLanes(receiver.open(), store)
  const commit = (account: string, charges = 2) => commitChanges(receiver, account, { charges })
  const arrives = (account: string, ids: readonly string[]) =>
    expect.poll(() => receiver.received(account), patience).toEqual(ids)

  test('gets every notice of every commit, in their order', async () => {
    const [one, other] = [newAccount(), newAccount()]
    await Promise.all([receiver.listen(one), receiver.listen(other)])
    const { lanes, told } = start()
    const owed = new Map<string, string[]>([
      [one, []],
      [other, []],
    ])
    for (let round = 0; round < 3; round += 1) {
      for (const [account, ids] of owed) {
        ids.push(...(await commit(account, 12)))
        lanes.wake(account)
      }
    }
    for (const [account, ids] of owed) await arrives(account, ids)
    await expect.poll(() => told.delivered, patience).toBe(72)
  })

  test('gets what other processes committed, without being woken', async () => {
    const account = newAccount()
    await receiver.listen(account)
    start()
    await arrives(account, await commit(account))
  })

  test('gets nothing of a commit that did not take place', async () => {
    const account = newAccount()
    await receiver.listen(account)
    const { lanes } = start()
    expect(await commitChanges(receiver, account, { seq: 99 })).toEqual([])
    const ids = await commit(account)
    lanes.wake(account)
    await arrives(account, ids)
  })

  test('gets what an outage held up, in order, without a try used up', async () => {
    const account = newAccount()
    await receiver.listen(account)
    const comeBack = await receiver.goAway()
    const { lanes, told } = start()
    const before = await commit(account)
    lanes.wake(account)
    await expect.poll(() => told.failures.length, patience).toBeGreaterThan(1)
    expect(lanes.isUnavailable).toBe(true)
    const ids = [...before, ...(await commit(account))]
    const rows = await receiver.db.collection('billing.outbox').find({ stripe_user_id: account }).toArray()
    expect(rows.map(({ attempts, status }) => [attempts, status])).toEqual([
      [0, 'pending'],
      [0, 'pending'],
    ])
    await comeBack()
    await arrives(account, ids)
    await expect.poll(() => lanes.isUnavailable, patience).toBe(false)
  })

  test('gets what is owed although the outbox was away when it was marked', async () => {
    const account = newAccount()
    await receiver.listen(account)
    const ids = [...(await commit(account)), ...(await commit(account))]
    await receiver.failMarks()
    const { lanes, told } = start()
    lanes.wake(account)
    await expect.poll(() => told.failures, patience).toContain('mongodb_unavailable')
    // Well before the lease of the claim ends.
    const owed = { stripe_user_id: account, status: 'pending' }
    await expect.poll(() => receiver.db.collection('billing.outbox').countDocuments(owed), patience).toBe(0)
    await arrives(account, ids)
  })

  test('gets what it refused, once it takes it, in order', async () => {
    const account = newAccount()
    await receiver.listen(account)
    const relent = await receiver.refuse()
    const { lanes, told } = start()
    const ids = [...(await commit(account)), ...(await commit(account))]
    lanes.wake(account)
    await expect.poll(() => told.failures, patience).toContain('sink_rejected')
    await relent()
    await arrives(account, ids)
    expect(told.dead).toBe(0)
  })

  test('gets again what was sent and not marked, under the same ids', async () => {
    const account = newAccount()
    await receiver.listen(account)
    const ids = await commit(account)
    const crashed = receiver.open()
    const claim = await new MongoOutbox(receiver.db, { leaseMs: 200 }).claim({ sink: crashed.name, account })
    // The receiver may still be on its way up.
    await expect.poll(() => crashed.send(claim?.rows ?? []).then(() => 'sent', String), patience).toBe('sent')
    await crashed.close()
    const { told } = start()
    await expect.poll(() => told.delivered, patience).toBe(ids.length)
    await arrives(account, ids)
  })
}
