import { describe, expect, it } from 'vitest'
import { comparableState } from './comparable-state.ts'
import { describeDifference } from './describe-difference.ts'
import type { Json } from './plain-json.ts'

const contact = (fields: Json = {}): Json => ({
  _id: 'c1',
  stripe_user_id: 'acct_1',
  stripe_customer_id: 'cus_1',
  source: 'billing-sync',
  ...fields,
})

const difference = (left: Record<string, Json[]>, right: Record<string, Json[]>): string =>
  describeDifference(comparableState(left), comparableState(right))

const stored = (fields: Json): Json => ({
  stripe_user_id: 'acct_1',
  stripe_id: 'in_1',
  created: 1,
  ...fields,
})

describe('The comparable state', () => {
  it('leaves out ids, times of ours, expanded relatives and most of sync', () => {
    const left = stored({ _id: 1, sync: { as_of: 1, own_metadata: { a: '1' } }, expanded: { customer: {} } })
    const right = stored({ _id: 2, sync: { as_of: 9, own_metadata: { a: '1' } } })
    expect(difference({ 'billing.invoices': [left] }, { 'billing.invoices': [right] })).toBe('')
  })

  it('keeps own metadata, tombstones, links and every other field', () => {
    const at = new Date('2026-01-01T00:00:00Z')
    const link = { customer: 'cus_1', charges: ['ch_1'], paid: true }
    const sync = { own_metadata: { b: '2' } }
    const document = stored({
      _id: 1,
      ...link,
      deleted: true,
      deleted_at: at,
      metadata: { a: '1', b: '2' },
      sync,
    })
    const [compared] = comparableState({ 'billing.invoices': [document] })['billing.invoices'] ?? []
    expect(compared).toEqual({
      key: 'acct_1/in_1',
      fields: {
        stripe_user_id: 'acct_1',
        stripe_id: 'in_1',
        created: 1,
        livemode: undefined,
        customer: 'cus_1',
        subscription: null,
        charge: null,
        charges: ['ch_1'],
        paid: true,
        deleted: true,
        deleted_at: at,
        metadata: { a: '1', b: '2' },
        own_metadata: { b: '2' },
      },
    })
  })

  it('tells a date from the text of it', () => {
    const [date, text] = [new Date('2026-01-01T00:00:00Z'), '2026-01-01T00:00:00.000Z']
    const told = (deleted_at: unknown) => ({ 'billing.products': [stored({ deleted: true, deleted_at })] })
    expect(difference(told(date), told(text))).toContain('/deleted_at')
    expect(difference(told(date), told(new Date(date)))).toBe('')
  })

  it('tells null, absence and an emptied hash of a contact alike', () => {
    const left = contact({ phone: null, address: {}, former_stripe_customer_ids: ['cus_1'] })
    expect(difference({ 'crm.contacts': [left] }, { 'crm.contacts': [contact({ _id: 'c2' })] })).toBe('')
  })

  it('follows references to what they mean', () => {
    const desk = (ids: string, linkedTo: string): Record<string, Json[]> => ({
      'crm.contacts': [contact({ _id: `${ids}1` }), contact({ _id: `${ids}2`, stripe_customer_id: 'cus_2' })],
      'support.conversations': [
        { _id: `${ids}3`, stripe_user_id: 'acct_1', contact_id: `${ids}${linkedTo}`, source: 'billing-sync' },
      ],
      'support.messages': [
        {
          _id: `${ids}4`,
          stripe_user_id: 'acct_1',
          conversation_id: `${ids}3`,
          dedupe_key: 'invoice:in_1',
          body: ids,
        },
      ],
    })
    expect(difference(desk('a', '1'), desk('b', '1'))).toBe('')
    expect(difference(desk('a', '1'), desk('b', '2'))).toContain(
      'support.messages acct_1/invoice:in_1 /conversation',
    )
  })

  it('counts what is stored twice', () => {
    const line = difference({ 'crm.contacts': [contact()] }, { 'crm.contacts': [contact(), contact()] })
    expect(line).toMatch(/^crm\.contacts acct_1\/made for cus_1#2: \(missing\) \|/)
  })

  it('keeps what one generation renders unless generations mix', () => {
    const old = { 'billing.invoices': [stored({ subscription: 'sub_1', payment_intent: 'pi_1' })] }
    const current = {
      'billing.invoices': [stored({ subscription: 'sub_1', parent: { type: 'subscription_details' } })],
    }
    expect(difference(old, current)).toContain('/parent')
    const mixed = { mixedGenerations: true }
    expect(describeDifference(comparableState(old, mixed), comparableState(current, mixed))).toBe('')
  })

  it('names each field that differs with both values', () => {
    const line = difference(
      { 'crm.contacts': [contact({ address: { city: 'Wien' } })] },
      { 'crm.contacts': [contact({ address: { city: 'Graz' } })] },
    )
    expect(line).toBe('crm.contacts acct_1/made for cus_1 /address/city: "Wien" | "Graz"')
  })
})
