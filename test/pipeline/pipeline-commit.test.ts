import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { runBatch } from '../../src/pipeline/pipeline.ts'
import type { PipelineStore } from '../../src/ports/pipeline-store.ts'
import { charge, customer, stripeEvent } from '../oracle/hand-written.ts'
import { commitTime, EventDeliveries, inboxEntry } from '../support/event-deliveries.ts'

type Fields = Record<string, unknown>

const charged = (fields: Fields = {}, at = 5) =>
  stripeEvent({
    type: 'charge.succeeded',
    at,
    object: charge(fields),
    id: `evt_${String(fields.id ?? 'ch_1')}_${at}`,
  })
const born = stripeEvent({ type: 'customer.created', at: 1, object: customer() })

describe('a commit', () => {
  test('holds the whole batch with the rows that it settles', async () => {
    const deliveries = new EventDeliveries()
    const { outcomes, notices } = await deliveries.run([inboxEntry(born), inboxEntry(charged())])
    expect(outcomes).toHaveLength(2)
    expect(deliveries.commits).toHaveLength(1)
    expect(notices.map(({ kind }) => kind)).toEqual(['charge.created', 'customer.created', 'contact.created'])
    const done = {
      status: 'done',
      attempts: 0,
      outcome: 'applied',
      error: null,
      next_attempt_at: null,
      processed_at: commitTime,
    }
    const expected = { status: 'pending', attempts: 0 }
    expect(deliveries.commits[0]).toMatchObject({
      account: 'acct_1',
      seq: 0,
      now: commitTime,
      settlements: [
        { rowId: 'acct_1:evt_customer_created_1', expected, next: done },
        { rowId: 'acct_1:evt_ch_1_5', expected, next: done },
      ],
    })
  })

  test('writes each changed document once', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(charged({}, 3), charged({}, 5), charged({ description: 'last' }, 9))
    expect(deliveries.commits.map(({ writes }) => writes.length)).toEqual([1])
    expect(deliveries.only('billing.charges')).toMatchObject({ description: 'last' })
  })

  test('settles a failure with its cause and its next attempt', async () => {
    const deliveries = new EventDeliveries({ random: () => 0 })
    const failed = { status: 'failed', attempts: 2 } as const
    await deliveries.run([
      inboxEntry(stripeEvent({ type: 'charge.updated', at: 5, object: {} }), { state: failed }),
    ])
    expect(deliveries.commits[0]?.settlements).toMatchObject([
      {
        expected: failed,
        next: {
          status: 'failed',
          attempts: 3,
          outcome: 'failed',
          error: { code: 'object_invalid' },
          next_attempt_at: new Date(commitTime.getTime() + 2_000),
        },
      },
    ])
  })

  test('settles what can never be stored as dead', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(charged({ amount: Number.POSITIVE_INFINITY }))
    expect(deliveries.commits[0]?.settlements).toMatchObject([
      { next: { status: 'dead', attempts: 1, error: { code: 'payload_unstorable' } } },
    ])
  })

  test('settles a row once though it stands in the batch twice', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(charged(), charged())
    expect(deliveries.commits[0]?.settlements).toMatchObject([{ next: { outcome: 'applied' } }])
  })

  test('leaves rows alone that are settled already', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.run([inboxEntry(charged(), { state: { status: 'done', attempts: 0 } })])
    expect(deliveries.commits[0]).toMatchObject({ settlements: [], writes: [{ kind: 'insert' }] })
  })

  test('settles a row that was ignored once its event is applied', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.run([inboxEntry(charged(), { state: { status: 'ignored', attempts: 0 } })])
    expect(deliveries.commits[0]?.settlements).toMatchObject([
      { next: { status: 'done', outcome: 'applied' } },
    ])
  })

  test('is not made where there is nothing to write', async () => {
    const deliveries = new EventDeliveries()
    const ignored = stripeEvent({ type: 'price.updated', at: 5, object: { id: 'price_1' } })
    const state = { status: 'ignored', attempts: 0 } as const
    const { outcomes } = await deliveries.run([inboxEntry(ignored, { state })])
    expect(outcomes).toEqual([{ outcome: 'ignored', failure: null }])
    expect(deliveries.commits).toEqual([])
  })

  test('that another writer was faster with answers null', async () => {
    const deliveries = new EventDeliveries()
    const { store } = deliveries.options
    const late: PipelineStore = {
      openAccount: async (id) => {
        const opened = await store.openAccount(id)
        await deliveries.deliver(charged({}, 3))
        return opened
      },
      commit: (commit) => store.commit(commit),
    }
    const options = { ...deliveries.options, store: late }
    expect(await runBatch('acct_1', [inboxEntry(charged({ description: 'late' }))], options)).toBeNull()
    expect(deliveries.only('billing.charges')).not.toHaveProperty('description')
  })

  test('that is made again begins with what the faster writer left', async () => {
    const deliveries = new EventDeliveries()
    const { store } = deliveries.options
    let isFirst = true
    const late: PipelineStore = {
      openAccount: async (id) => {
        const opened = await store.openAccount(id)
        if (isFirst) await deliveries.deliver(charged({ metadata: { note: 'first' } }, 3))
        isFirst = false
        return opened
      },
      commit: (commit) => store.commit(commit),
    }
    const entries = [inboxEntry(charged({ description: 'late' }))]
    const options = { ...deliveries.options, store: late }
    expect(await runBatch('acct_1', entries, options)).toBeNull()
    const again = await runBatch('acct_1', entries, options)
    expect(again?.outcomes).toEqual([{ outcome: 'applied', failure: null }])
    expect(again?.notices.map(({ kind }) => kind)).toEqual(['charge.updated'])
    expect(deliveries.only('billing.charges')).toMatchObject({ description: 'late' })
  })

  test('that fails for a reason that passes rejects with it', async () => {
    const away = new BillingSyncError('mongodb_unavailable', { reason: 'no server could be selected' })
    const { options } = new EventDeliveries()
    const store: PipelineStore = { ...options.store, commit: () => Promise.reject(away) }
    await expect(runBatch('acct_1', [inboxEntry(charged())], { ...options, store })).rejects.toBe(away)
  })

  test('is not reached when reading fails for a reason that passes', async () => {
    const away = new BillingSyncError('mongodb_unavailable', { reason: 'no server could be selected' })
    const deliveries = new EventDeliveries()
    const { store } = deliveries.options
    const unreadable: PipelineStore = {
      ...store,
      openAccount: async (id) => {
        const opened = await store.openAccount(id)
        const reader = { ...opened.reader, byDocumentIds: () => Promise.reject(away) }
        return { ...opened, reader }
      },
    }
    const options = { ...deliveries.options, store: unreadable }
    await expect(runBatch('acct_1', [inboxEntry(charged())], options)).rejects.toBe(away)
    expect(deliveries.commits).toEqual([])
  })
})
