import { describe, expect, test } from 'vitest'
import { lentMetadata } from '../../src/core/canonical.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Projection } from '../../src/core/projection.ts'
import { documentOf, lendingFields, lentByDocument } from '../../src/core/projection-document.ts'
import { projected } from '../support/observed.ts'
import { openCountedWork } from '../support/read-counting.ts'

const subscription = (fields: JsonObject = {}, told: Partial<Projection> = {}): Projection =>
  projected('subscription', { id: 'sub_1', ...fields }, told)

/** A work over the subscription as it is stored. */
const openWork = (stored: Projection | null) =>
  openCountedWork({
    'billing.subscriptions': stored === null ? [] : [{ ...documentOf('acct_1', stored, new Date(0)) }],
  })

describe('what a subscription lends', () => {
  test.each<[string, Projection | null, JsonObject | null]>([
    ['is its metadata', subscription({ metadata: { team: 'blue' } }), { team: 'blue' }],
    ['is empty where it holds none', subscription({ metadata: null }), {}],
    [
      'is its own where the document shows another',
      subscription({ metadata: { a: '1' } }, { canonical: { metadata: {} } }),
      { a: '1' },
    ],
    ['is unknown while only a stub of it was seen', subscription({}, { content: null }), null],
    ['is unknown while it is not stored', null, null],
  ])('%s', async (_, stored, lent) => {
    const { work } = await openWork(stored)
    expect(await work.lentMetadata.get('sub_1')).toEqual(lent)
    expect(lentMetadata(await work.projections.subscription.get('sub_1'))).toEqual(lent)
  })

  test('is told by a few fields of the document', () => {
    const document = documentOf('acct_1', subscription({ metadata: { team: 'blue' } }), new Date(0))
    const sync = Object.entries(document.sync).filter(([name]) => lendingFields.includes(`sync.${name}`))
    expect(lentByDocument({ sync: Object.fromEntries(sync) as never })).toEqual({ team: 'blue' })
  })

  test('is what the batch has made of it', async () => {
    const { work } = await openWork(subscription({ metadata: { team: 'blue' } }))
    await work.lentMetadata.load(['sub_1'])
    await work.projections.subscription.get('sub_1')
    const savepoint = work.savepoint()
    work.projections.subscription.put(subscription({ metadata: { team: 'red' } }))
    expect(await work.lentMetadata.get('sub_1')).toEqual({ team: 'red' })
    work.rollback(savepoint)
    expect(await work.lentMetadata.get('sub_1')).toEqual({ team: 'blue' })
  })
})

describe('reading it', () => {
  test('asks once for all of one turn', async () => {
    const { work, reads } = await openWork(subscription())
    await Promise.all([work.lentMetadata.load(['sub_1', 'sub_2']), work.lentMetadata.get('sub_3')])
    await work.lentMetadata.load(['sub_2', 'sub_1'])
    expect(reads.map(({ asked }) => asked)).toEqual([['acct_1:sub_1', 'acct_1:sub_2', 'acct_1:sub_3']])
  })

  test('leaves out what is read whole', async () => {
    const { work, reads } = await openWork(subscription({ metadata: { team: 'blue' } }))
    const [lent] = await Promise.all([
      work.lentMetadata.get('sub_1'),
      work.projections.subscription.get('sub_1'),
    ])
    expect(lent).toEqual({ team: 'blue' })
    await work.lentMetadata.get('sub_1')
    expect(reads).toHaveLength(1)
  })
})
