import { describe, expect, test } from 'vitest'
import { documentChange, visibleFields } from '../../src/core/document-change.ts'

const charge = (fields: Record<string, unknown>, sync: Record<string, unknown> = {}) => ({
  _id: 'acct_1:ch_1',
  stripe_user_id: 'acct_1',
  stripe_id: 'ch_1',
  sync: { as_of: new Date(0), own_metadata: {}, ...sync },
  ...fields,
})

const changeOf = (before: Record<string, unknown> | null, after: Record<string, unknown>) =>
  documentChange({ account: 'acct_1', collection: 'billing.charges', before, after })

describe('the change of a document', () => {
  test('names each field by its JSON pointer, with both values', () => {
    expect(
      changeOf(charge({ status: 'pending', amount: 5 }), charge({ status: 'succeeded', amount: 5 })),
    ).toEqual({
      account: 'acct_1',
      collection: 'billing.charges',
      stripe_id: 'ch_1',
      fields: { '/status': { from: 'pending', to: 'succeeded' } },
      isNew: false,
    })
  })

  test('gives no value for the side on which a field is absent', () => {
    const change = changeOf(charge({ a: 1 }), charge({ b: null }))
    expect(change?.fields).toEqual({ '/a': { from: 1 }, '/b': { to: null } })
  })

  test('names every field of a new document', () => {
    expect(changeOf(null, charge({ amount: 5 }))?.fields).toEqual({
      '/stripe_user_id': { to: 'acct_1' },
      '/stripe_id': { to: 'ch_1' },
      '/amount': { to: 5 },
      '/sync/own_metadata': { to: {} },
    })
  })

  test('tells a document that was not there from one that only gains fields', () => {
    expect(changeOf(null, charge({ deleted: true }))?.isNew).toBe(true)
    expect(changeOf(charge({}), charge({ deleted: true }))).toMatchObject({
      fields: { '/deleted': { to: true } },
      isNew: false,
    })
  })

  test('is none where only book-keeping changed', () => {
    const before = charge({ amount: 5, expanded: { customer: 1 } }, { as_of: new Date(1) })
    const after = charge({ amount: 5, expanded: { customer: 2 } }, { as_of: new Date(2) })
    expect(changeOf(before, after)).toBeNull()
  })

  test('never shows the secrets of an account, sealed or not', () => {
    const account = { _id: 'acct_1', access_token: 'aes-256-gcm:AA', webhook_secrets: ['whsec_sekret'] }
    const states = { account: 'acct_1', collection: 'billing.accounts', before: null, after: account }
    expect(documentChange(states)).toBeNull()
  })

  test('tells own metadata and incomplete lists, which are for readers', () => {
    const after = charge({}, { own_metadata: { plan: 'a' }, incomplete: ['refunds'] })
    expect(Object.keys(changeOf(charge({}), after)?.fields ?? {})).toEqual([
      '/sync/own_metadata/plan',
      '/sync/incomplete',
    ])
  })

  test('escapes the two characters that a pointer gives a meaning', () => {
    const change = changeOf(charge({ metadata: {} }), charge({ metadata: { 'a/b~c': 'x' } }))
    expect(Object.keys(change?.fields ?? {})).toEqual(['/metadata/a~1b~0c'])
  })

  test('takes inherited names for keys like any other', () => {
    const change = changeOf(charge({ metadata: {} }), charge({ metadata: { constructor: 'x' } }))
    expect(change?.fields).toEqual({ '/metadata/constructor': { to: 'x' } })
  })

  test('compares lists of one length place by place, others whole', () => {
    const change = changeOf(charge({ a: [1, 2], b: [1] }), charge({ a: [1, 3], b: [1, 2] }))
    expect(change?.fields).toEqual({ '/a/1': { from: 2, to: 3 }, '/b': { from: [1], to: [1, 2] } })
  })
})

test('a contact is told by its customer, or by the last one it had', () => {
  const contact = { stripe_user_id: 'acct_1', email: 'a', former_stripe_customer_ids: ['cus_1', 'cus_2'] }
  const change = documentChange({
    account: 'acct_1',
    collection: 'crm.contacts',
    before: null,
    after: contact,
  })
  expect(change?.stripe_id).toBe('cus_2')
})

test('an account shows its settings, not its sequence number', () => {
  expect(visibleFields('billing.accounts', { _id: 'acct_1', seq: 4, support: true })).toEqual({
    support: true,
  })
})
