import { describe, expect, test } from 'vitest'
import { lifecycleRank } from '../../src/core/lifecycle.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'

const changed = { creates: false, deletes: false }
const created = { creates: true, deletes: false }
const deleted = { creates: false, deletes: true }

const rankOf = (kind: ObjectKind, status: string): number => lifecycleRank(kind, { status }, changed)

describe('the lifecycle rank', () => {
  test.each<[ObjectKind, readonly string[]]>([
    ['charge', ['pending', 'succeeded']],
    ['charge', ['pending', 'failed']],
    ['invoice', ['draft', 'open', 'uncollectible', 'paid']],
    ['invoice', ['open', 'void']],
    ['subscription', ['incomplete', 'trialing', 'active', 'canceled']],
    ['subscription', ['incomplete', 'incomplete_expired']],
    ['subscription', ['past_due', 'canceled']],
    ['refund', ['pending', 'succeeded', 'failed']],
    ['refund', ['requires_action', 'succeeded']],
    ['refund', ['pending', 'canceled']],
    ['dispute', ['warning_needs_response', 'warning_under_review', 'warning_closed']],
    ['dispute', ['warning_under_review', 'needs_response', 'under_review', 'won']],
    ['dispute', ['lost', 'appeal_needs_response', 'appeal_under_review']],
    ['invoice_payment', ['open', 'paid']],
  ])('of a %s rises along %j', (kind, statuses) => {
    const ranks = statuses.map((status) => rankOf(kind, status))
    expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b))
  })

  test.each<[ObjectKind, readonly string[]]>([
    ['refund', ['pending', 'requires_action']],
    ['subscription', ['active', 'past_due', 'unpaid', 'paused']],
    ['charge', ['succeeded', 'failed']],
    ['dispute', ['won', 'lost', 'prevented']],
    ['invoice', ['paid', 'void']],
  ])('of a %s is the same for %j', (kind, statuses) => {
    expect(new Set(statuses.map((status) => rankOf(kind, status))).size).toBe(1)
  })

  test('puts an event of creation before every other', () => {
    expect(lifecycleRank('invoice', { status: 'paid' }, created)).toBeLessThan(rankOf('invoice', 'draft'))
    expect(lifecycleRank('dispute', { status: 'appeal_under_review' }, created)).toBeLessThan(
      rankOf('dispute', 'unheard_of'),
    )
  })

  test('puts a deletion after everything, whatever it shows', () => {
    for (const content of [null, { status: 'draft' }, {}]) {
      expect(lifecycleRank('invoice', content, deleted)).toBeGreaterThan(rankOf('invoice', 'paid'))
    }
  })

  test.each(['brand_new_status', 'constructor', '__proto__', 'toString', ''])(
    'of a status that Stripe may invent is the least: %j',
    (status) => {
      expect(rankOf('charge', status)).toBeLessThan(rankOf('charge', 'pending'))
      expect(rankOf('charge', status)).toBe(lifecycleRank('charge', {}, changed))
    },
  )

  test('does not know statuses of customers and products', () => {
    expect(rankOf('customer', 'paid')).toBe(lifecycleRank('customer', {}, changed))
    expect(rankOf('product', 'active')).toBe(lifecycleRank('product', null, changed))
  })
})
