import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Drift } from '../../src/core/drift.ts'
import { formatDrift, mendingCommand } from '../../src/ui/drift-table.ts'

const drift = (stripe_id: string, told: Partial<Drift> = {}): Drift => ({
  ...{ account: 'acct_1', collection: 'billing.charges', stripe_id, kind: 'missing', fields: [] },
  ...told,
})

const text = (found: readonly Drift[], omitted = 0): readonly string[] =>
  stripVTControlCharacters(formatDrift(found, omitted)).split('\n')

describe('the table of a drift audit', () => {
  test('groups objects by account and collection', () => {
    const found = [
      drift('ch_1', { kind: 'different', fields: ['amount', 'status'] }),
      drift('ch_2'),
      drift('cus_1', { collection: 'billing.customers', kind: 'extra' }),
    ]
    expect(text(found)).toEqual([
      '  3 objects differ from Stripe',
      '  acct_1  billing.charges',
      '    different  ch_1  amount, status',
      '    missing    ch_2',
      '  acct_1  billing.customers',
      '    extra      cus_1',
    ])
  })

  test('shows twenty objects and how many more there are', () => {
    const found = Array.from({ length: 25 }, (_, index) => drift(`ch_${index}`))
    const lines = text(found, 1_000)
    expect(lines.at(0)).toBe('  1,025 objects differ from Stripe')
    expect(lines.at(-1)).toBe('  … and 1,005 more; --json lists up to 10,000')
    expect(lines).toHaveLength(23)
  })

  test('speaks of a single object as of one', () => {
    expect(text([drift('ch_1')])[0]).toBe('  1 object differs from Stripe')
  })

  test('is empty where nothing differs', () => {
    expect(formatDrift([], 0)).toBe('')
  })

  test('names the command that mends', () => {
    expect(mendingCommand([drift('ch_1')])).toBe('Mend them with: billing-sync backfill --account acct_1')
    expect(mendingCommand([drift('ch_1'), drift('ch_1', { account: 'acct_2' })])).toContain('--all-accounts')
  })
})
