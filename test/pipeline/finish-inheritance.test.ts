import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readClocks } from '../../src/clocks.ts'
import { momentOfRead } from '../../src/core/observation.ts'
import { type DeliveryOptions, handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import { handleObservations } from '../../src/pipeline/handle-observations.ts'
import type { Commit, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { account, charge, invoice, stripeEvent, subscription } from '../oracle/hand-written.ts'
import { deliveryOf } from '../support/deliveries.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { observed } from '../support/observed.ts'
import { deliveryOptions } from '../support/reading-pipeline.ts'

/** More than a batch takes at once. */
const heirs = 230

/** Documents of one step: a hundred invoices with their charges, and the account. */
const mostWrites = 201

const ownInvoice = (number: number) =>
  stripeEvent({
    type: 'invoice.updated',
    at: 2,
    id: `evt_in_${number}`,
    object: invoice({ id: `in_${number}`, subscription: 'sub_1', charge: `ch_${number}` }),
  })
const ownCharge = (number: number) =>
  stripeEvent({
    type: 'charge.succeeded',
    at: 2,
    id: `evt_ch_${number}`,
    object: charge({ id: `ch_${number}`, invoice: `in_${number}`, payment_intent: null }),
  })
const planned = (plan: string, at: number) =>
  stripeEvent({ type: 'customer.subscription.updated', at, object: subscription({ metadata: { plan } }) })

let stored: Record<string, Record<string, unknown>[]>
beforeAll(async () => {
  const memory = new MemoryStore([account()])
  const numbers = Array.from({ length: heirs }, (_, index) => index)
  await handle(memory, ...numbers.flatMap((number) => [ownInvoice(number), ownCharge(number)]))
  stored = memory.dump()
})

const handle = async (store: PipelineStore, ...events: readonly object[]) =>
  handleDeliveries(
    events.map((event) => deliveryOf(event)),
    optionsOf(store),
  )

const pending = { status: 'pending', attempts: 0 } as const

const optionsOf = (store: PipelineStore, signal = new AbortController().signal): DeliveryOptions => ({
  signal,
  ...deliveryOptions(store, null),
  receive: async (deliveries) =>
    deliveries.map(({ event }) => ({ rowId: `acct_1:${event.id}`, state: pending, conflict: false })),
})

/** A store of the documents that tells what is committed, and lets a test step in before a commit. */
const watched = (
  memory: MemoryStore,
  onCommit: (number: number) => Promise<void> = async () => undefined,
) => {
  const commits: Commit[] = []
  let tried = 0
  const store: PipelineStore = {
    openAccount: (id) => memory.openAccount(id),
    commit: async (commit) => {
      tried += 1
      await onCommit(tried)
      const isWritten = await memory.commit(commit)
      if (isWritten) commits.push(commit)
      return isWritten
    },
  }
  return { store, commits }
}

const plansOf = (memory: MemoryStore): readonly unknown[] => {
  const { 'billing.invoices': invoices = [], 'billing.charges': charges = [] } = memory.dump()
  const plans = [...invoices, ...charges].map(({ metadata }) => (metadata as { plan?: string }).plan)
  return [...new Set(plans)]
}

const isLeft = (memory: MemoryStore): boolean =>
  (memory.dump()['billing.accounts'] ?? []).some(({ unfinished }) => unfinished !== undefined)

let memory: MemoryStore
beforeEach(() => {
  memory = new MemoryStore([account()], stored)
})

/** What a process does that is killed: nothing more. */
const dies = async (): Promise<void> => {
  throw new TypeError('killed')
}

describe('metadata of a subscription with more invoices than one commit takes', () => {
  test('reaches all of them and their charges in commits of bounded size', async () => {
    const { store, commits } = watched(memory)
    const { outcomes, notices } = await handle(store, planned('pro', 5))
    expect(outcomes).toMatchObject([{ outcome: 'applied' }])
    expect(plansOf(memory)).toEqual(['pro'])
    expect(notices).toHaveLength(1 + 2 * heirs)
    expect(Math.max(...commits.map(({ writes }) => writes.length))).toBeLessThanOrEqual(mostWrites)
    expect(isLeft(memory)).toBe(false)
  })

  test('settles its event only after the last of them', async () => {
    const { store, commits } = watched(memory)
    await handle(store, planned('pro', 5), ownCharge(999))
    const settled = commits.map(({ settlements }) =>
      settlements.map(({ rowId, next }) => [rowId, next.outcome]),
    )
    expect(settled.slice(0, -1).flat()).toEqual([['acct_1:evt_ch_999', 'applied']])
    expect(settled.at(-1)).toEqual([['acct_1:evt_customer_subscription_updated_5', 'applied']])
  })

  test('settles its event by what came of it first, whatever copies of it stand in the batch', async () => {
    const { store, commits } = watched(memory)
    const [event, other] = [planned('pro', 5), planned('other', 5)].map((told) => deliveryOf(told))
    if (event === undefined || other === undefined) throw new TypeError('two deliveries are made here')
    const rowId = `acct_1:${event.event.id}`
    const { outcomes } = await handleDeliveries([event, event, other], {
      ...optionsOf(store),
      receive: async (deliveries) =>
        deliveries.map((delivery) => ({ rowId, state: pending, conflict: delivery === other })),
    })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'unchanged', 'failed'])
    expect(commits.at(-1)?.settlements).toMatchObject([
      { rowId, next: { status: 'done', outcome: 'applied' } },
    ])
  })

  test('is finished by the next process where one died in between', async () => {
    for (const lastCommit of [1, 2, 3, 4]) {
      memory = new MemoryStore([account()], stored)
      const { store } = watched(memory, async (number) => (number > lastCommit ? dies() : undefined))
      await expect(handle(store, planned('pro', 5))).rejects.toThrow('killed')
      const { outcomes } = await handle(memory, planned('pro', 5))
      expect(outcomes).toMatchObject([{ outcome: 'unchanged' }])
      expect(plansOf(memory)).toEqual(['pro'])
      expect(isLeft(memory)).toBe(false)
    }
  })

  test('is left to the next process where this one is to end', async () => {
    const ending = new AbortController()
    const { store, commits } = watched(memory, async (number) => (number === 2 ? ending.abort() : undefined))
    const event = planned('pro', 5)
    const stopped = await handleDeliveries([deliveryOf(event)], optionsOf(store, ending.signal))
    expect(stopped.outcomes).toEqual([{ outcome: 'applied', failure: null, defers: true }])
    expect(commits).toHaveLength(2)
    expect(commits.flatMap(({ settlements }) => settlements)).toEqual([])
    expect(isLeft(memory)).toBe(true)

    const { outcomes } = await handle(memory, event)
    expect(outcomes).toEqual([{ outcome: 'unchanged', failure: null }])
    expect(plansOf(memory)).toEqual(['pro'])
    expect(isLeft(memory)).toBe(false)
  })

  test('that returns to what it was reaches those that a dead process had changed', async () => {
    await handle(memory, planned('basic', 4))
    const { store } = watched(memory, async (number) => (number > 2 ? dies() : undefined))
    await expect(handle(store, planned('pro', 5))).rejects.toThrow('killed')
    expect(plansOf(memory)).toHaveLength(2)
    await handle(memory, planned('basic', 6))
    expect(plansOf(memory)).toEqual(['basic'])
  })

  test('that changes again in between begins anew', async () => {
    const dying = watched(memory, async (number) => (number > 1 ? dies() : undefined))
    const { store } = watched(memory, async (number) => {
      if (number === 3) await expect(handle(dying.store, planned('max', 6))).rejects.toThrow('killed')
    })
    await handle(store, planned('pro', 5))
    expect(plansOf(memory)).toEqual(['max'])
    expect(isLeft(memory)).toBe(false)
  })

  test('reaches an invoice that was stored in between', async () => {
    const { store } = watched(memory, async (number) => {
      if (number === 3) await handle(memory, ownInvoice(999), ownCharge(999))
    })
    await handle(store, planned('pro', 5))
    expect(memory.dump()['billing.charges']).toHaveLength(heirs + 1)
    expect(plansOf(memory)).toEqual(['pro'])
  })

  test.each([
    ['', new AbortController().signal],
    [', also where the run is to end', AbortSignal.abort()],
  ])('moves a position of a backfill only after the last of them%s', async (_, restSignal) => {
    const { store, commits } = watched(memory)
    const content = subscription({ metadata: { plan: 'pro' } }) as { id: string }
    const { kind, id } = { kind: 'subscription', id: 'sub_1' } as const
    const observation = {
      ...observed({ at: 5, kind, id, content }),
      moment: momentOfRead(5),
      eventId: null,
      readSeq: 1,
    }
    const positions = [{ id: 'acct_1:subscriptions', token: 'run', windows: [], kind, failed: 2 }]
    const seen = [{ observation, sentAt: readClocks(), ownCommitsSince: 0 }]
    const { seq } = await memory.openAccount('acct_1')
    const handled = await handleObservations(
      'acct_1',
      { seen, positions, lastSeq: seq },
      { ...optionsOf(store), readObjects: async () => new Map(), restSignal },
    )
    expect(plansOf(memory)).toEqual(['pro'])
    expect(commits.map((commit) => commit.positions?.length ?? 0)).toEqual([
      ...commits.slice(1).map(() => 0),
      1,
    ])
    expect(commits.at(-1)?.positions).toMatchObject([{ failed: 2 }])
    expect(handled).toMatchObject({ seq: seq + commits.length, commits: commits.length, hadOthers: false })
  })
})
