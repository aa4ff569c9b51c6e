import { describe, expect, test } from 'vitest'
import { observed, projectedFrom } from '../support/observed.ts'
import { openCountedWork } from '../support/read-counting.ts'

const chargeOf = (fields: Record<string, string>) =>
  projectedFrom(observed({ at: 1, content: { id: 'ch_1', ...fields } }))

const contact = { _id: 'c1', stripe_user_id: 'acct_1', email: 'Ann@Example.com', name: 'Ann' }

describe('the unit of work', () => {
  test('reads documents of its own account only', async () => {
    const documents = { 'crm.contacts': [contact, { ...contact, _id: 'c2', stripe_user_id: 'acct_2' }] }
    const { work } = await openCountedWork(documents)
    expect(await work.contacts.findBy('adoptable', 'ann@example.com')).toEqual([contact])
    expect(await work.contacts.get('c2')).toBeNull()
  })

  test('asks for projections by account and object id', async () => {
    const { work, reads } = await openCountedWork()
    expect(await work.projections.charge.get('ch_1')).toBeNull()
    expect(reads).toEqual([{ of: 'billing.charges', asked: ['acct_1:ch_1'] }])
  })

  test('asks finders through the field that serves them', async () => {
    const { work, reads } = await openCountedWork()
    await work.projections.invoice.findBy('charge', 'ch_1')
    await work.rooms.findBy('conversation', 'x')
    expect(reads).toEqual([
      { of: 'billing.invoices by charges', asked: ['ch_1'] },
      { of: 'support.rooms by conversation_id', asked: ['x'] },
    ])
  })

  test('finds contacts whose address differs in case', async () => {
    const { work } = await openCountedWork({ 'crm.contacts': [contact] })
    expect(await work.contacts.findBy('adoptable', 'ann@example.com')).toHaveLength(1)
  })
})

describe('contacts of an address', () => {
  test.each([
    ['that have a customer', { stripe_customer_id: 'cus_1' }],
    ['that billing-sync made', { source: 'billing-sync' }],
  ])('%s are nobody to be adopted', async (_which, fields) => {
    const { work } = await openCountedWork({ 'crm.contacts': [{ ...contact, ...fields }] })
    expect(await work.contacts.findBy('adoptable', 'ann@example.com')).toEqual([])
  })

  test('are none to be adopted once the batch has linked them', async () => {
    const { work } = await openCountedWork({ 'crm.contacts': [contact] })
    const [found] = await work.contacts.findBy('adoptable', 'ann@example.com')
    work.contacts.put({ ...found, _id: 'c1', stripe_customer_id: 'cus_1' })
    expect(await work.contacts.findBy('adoptable', 'ann@example.com')).toEqual([])
  })
})

describe('a savepoint', () => {
  test('takes back every later put and no earlier one', async () => {
    const { work } = await openCountedWork({ 'crm.contacts': [contact] })
    await work.contacts.get('c1')
    work.contacts.put({ ...contact, name: 'kept' })
    const savepoint = work.savepoint()
    work.contacts.put({ ...contact, name: 'first' })
    work.contacts.put({ ...contact, name: 'second' })
    work.projections.charge.put(chargeOf({ status: 'succeeded' }))
    work.rollback(savepoint)
    expect(await work.contacts.get('c1')).toMatchObject({ name: 'kept' })
    expect(await work.projections.charge.get('ch_1')).toBeNull()
    expect([...work.changedSince(savepoint)]).toEqual([])
  })

  test('tells each later change once, with what was there', async () => {
    const { work } = await openCountedWork({ 'crm.contacts': [contact] })
    await work.contacts.get('c1')
    work.contacts.put({ ...contact, name: 'before' })
    const savepoint = work.savepoint()
    work.contacts.put({ ...contact, name: 'first' })
    work.contacts.put({ ...contact, name: 'second' })
    const changed = [...work.changedSince(savepoint)]
    expect(changed.map(([slot, was]) => [slot.now, was])).toEqual([
      [
        { ...contact, name: 'second' },
        { ...contact, name: 'before' },
      ],
    ])
  })

  test('may be one of several that nest', async () => {
    const { work } = await openCountedWork()
    const outer = work.savepoint()
    work.projections.charge.put(chargeOf({ status: 'pending' }))
    const inner = work.savepoint()
    work.projections.charge.put(chargeOf({ status: 'succeeded' }))
    work.rollback(inner)
    expect((await work.projections.charge.get('ch_1'))?.content?.winner.content).toMatchObject({
      status: 'pending',
    })
    work.rollback(outer)
    expect(await work.projections.charge.get('ch_1')).toBeNull()
  })
})

describe('a currency', () => {
  test('is found by a code in any case', async () => {
    const { work, reads } = await openCountedWork()
    expect(await work.currency('usd')).toEqual({ code: 'USD', symbol: '$', exponent: 2 })
    expect(reads).toEqual([{ of: 'currency', asked: ['USD'] }])
  })

  test('is null where the collection has no row', async () => {
    const { work } = await openCountedWork()
    expect(await work.currency('xyz')).toBeNull()
  })
})
