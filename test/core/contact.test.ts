import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import {
  type ContactDocument,
  isAdoptable,
  linkContact,
  mapContact,
  newContact,
  shownCustomer,
  standInCustomer,
} from '../../src/core/contact.ts'
import type { JsonObject } from '../../src/core/json.ts'

const now = new Date('2026-01-01T00:00:00Z')
const ours = (fields: Record<string, unknown> = {}): ContactDocument => ({
  ...newContact('acct_1', 'cus_1', now),
  ...fields,
})
const theirs = (fields: Record<string, unknown> = {}): ContactDocument => ({ _id: 'theirs', ...fields })

describe('a new contact', () => {
  test('is keyed by account and customer and has no fields yet', () => {
    expect(newContact('acct_1', 'cus_1', now)).toEqual({
      _id: 'acct_1:cus_1',
      stripe_user_id: 'acct_1',
      source: 'billing-sync',
      former_stripe_customer_ids: [],
      created_at: now,
      updated_at: now,
    })
  })
})

describe('linking a contact', () => {
  test('names the customer and forgets it as a former one', () => {
    expect(
      linkContact(ours({ former_stripe_customer_ids: ['cus_0', 'cus_1'] }), 'cus_1', false),
    ).toMatchObject({ stripe_customer_id: 'cus_1', former_stripe_customer_ids: ['cus_0'] })
  })

  test('moves a deleted customer to the former ones', () => {
    const linked = ours({ stripe_customer_id: 'cus_1', former_stripe_customer_ids: ['cus_9'] })
    const unlinked = linkContact(linked, 'cus_1', true)
    expect(unlinked).toMatchObject({ former_stripe_customer_ids: ['cus_1', 'cus_9'] })
    expect(unlinked).not.toHaveProperty('stripe_customer_id')
  })

  test('keeps another customer that the contact is linked to', () => {
    const linked = ours({ stripe_customer_id: 'cus_2' })
    expect(linkContact(linked, 'cus_1', true)).toMatchObject({
      stripe_customer_id: 'cus_2',
      former_stripe_customer_ids: ['cus_1'],
    })
    expect(linkContact(linked, 'cus_1', false)).toMatchObject({ stripe_customer_id: 'cus_2' })
  })

  test('takes the empty text for no customer', () => {
    expect(linkContact(theirs({ stripe_customer_id: '' }), 'cus_1', false)).toMatchObject({
      stripe_customer_id: 'cus_1',
    })
    expect(linkContact(theirs({ stripe_customer_id: '' }), 'cus_1', true)).not.toHaveProperty(
      'stripe_customer_id',
    )
  })

  test('does the same when it is done again', () => {
    const once = linkContact(ours({ stripe_customer_id: 'cus_1' }), 'cus_1', true)
    expect(linkContact(once, 'cus_1', true)).toEqual(once)
    const linked = linkContact(ours(), 'cus_1', false)
    expect(linkContact(linked, 'cus_1', false)).toEqual(linked)
  })

  test('keeps a former customer that lives again while the contact is of another', () => {
    const shared = theirs({ stripe_customer_id: 'cus_2', former_stripe_customer_ids: ['cus_1'] })
    expect(linkContact(shared, 'cus_1', false)).toEqual(shared)
  })

  test('takes former customers only from a list of texts', () => {
    expect(linkContact(theirs({ former_stripe_customer_ids: 'cus_9' }), 'cus_1', true)).toMatchObject({
      former_stripe_customer_ids: ['cus_1'],
    })
    expect(linkContact(theirs({ former_stripe_customer_ids: [7, 'cus_9'] }), 'cus_1', true)).toMatchObject({
      former_stripe_customer_ids: ['cus_1', 'cus_9'],
    })
  })
})

describe('the customer that a contact shows', () => {
  const former = (...ids: readonly string[]) => ours({ former_stripe_customer_ids: ids })
  const deletions = async () =>
    new Map([
      ['cus_1', 5],
      ['cus_2', 9],
      ['cus_3', 9],
    ])

  test.each<[string, ContactDocument, string | null]>([
    ['the one that it is linked to', { ...former('cus_1', 'cus_3'), stripe_customer_id: 'cus_2' }, 'cus_2'],
    ['the only one that it had', former('cus_0'), 'cus_0'],
    ['of several that it had the one deleted last', former('cus_1', 'cus_2', 'cus_3'), 'cus_3'],
    ['none where it never had any', ours(), null],
    ['none where null marks that it has none', ours({ stripe_customer_id: null }), null],
    ['none where the empty text marks it', ours({ stripe_customer_id: '' }), null],
  ])('is %s', async (_, contact, shown) => {
    expect(await shownCustomer(contact, deletions)).toBe(shown)
  })

  test('is none where of several no deletion is known', async () => {
    expect(await shownCustomer(former('cus_1', 'cus_2'), async () => new Map())).toBeNull()
  })
})

describe('a contact may be adopted by e-mail', () => {
  test('where somebody else made it and it has no customer', () => {
    expect(isAdoptable(theirs())).toBe(true)
    expect(isAdoptable(theirs({ stripe_customer_id: null, source: 'crm' }))).toBe(true)
    expect(isAdoptable(theirs({ stripe_customer_id: '' }))).toBe(true)
  })

  test('but not where it has a customer, or is ours', () => {
    expect(isAdoptable(theirs({ stripe_customer_id: 'cus_9' }))).toBe(false)
    expect(isAdoptable(ours())).toBe(false)
    expect(isAdoptable(theirs({ source: 'Billing-Sync' }))).toBe(false)
  })
})

describe("filling somebody else's contact", () => {
  const ann = { email: 'ann@example.com', name: 'Ann', phone: null }
  const fill = (contact: ContactDocument, customer: JsonObject = ann) => mapContact(contact, customer, [])

  test('fills what is empty, and follows the customer there', () => {
    const filled = fill(theirs({ email: 'kept@example.com', name: '' }))
    expect(filled).toEqual(
      theirs({ email: 'kept@example.com', name: 'Ann', sync: { filled: { name: 'Ann' } } }),
    )
    expect(fill(filled, { ...ann, name: 'Anna', phone: '+43' })).toMatchObject({
      ...{ email: 'kept@example.com', name: 'Anna', phone: '+43' },
      sync: { filled: { name: 'Anna', phone: '+43' } },
    })
    expect(fill(filled, { email: null, name: null })).toEqual(
      theirs({ email: 'kept@example.com', sync: { filled: {} } }),
    )
  })

  test('leaves alone what the CRM has written since, until it is empty again', () => {
    const written = { ...fill(theirs()), name: 'Dr. Ann', phone: '+43' }
    expect(fill(written)).toEqual(written)
    expect(fill(written, { ...ann, name: 'Anna' })).toEqual(written)
    expect(fill({ ...written, name: '' })).toMatchObject({ name: 'Ann', phone: '+43' })
  })

  test('remembers nothing where it fills nothing', () => {
    const full = theirs({ email: 'kept@example.com', name: 'Kept', phone: '+43' })
    expect(fill(full)).toEqual(full)
  })

  test('keeps what its maker has in sync', () => {
    expect(fill(theirs({ sync: { hubspot: 1 } })).sync).toEqual({
      hubspot: 1,
      filled: { email: 'ann@example.com', name: 'Ann' },
    })
  })

  test.each([true, 'ok', ['filled'], new ObjectId()])('leaves a sync that is no hash alone: %j', (sync) => {
    const contact = theirs({ sync })
    expect(fill(contact)).toEqual(contact)
  })

  test('follows on where an earlier release remembered only names, and wipes nothing there', () => {
    const before = theirs({
      email: 'kept@example.com',
      name: 'An',
      phone: '+43',
      sync: { fills: ['name', 'phone'] },
    })
    expect(fill(before)).toEqual(
      theirs({ email: 'kept@example.com', name: 'Ann', phone: '+43', sync: { filled: { name: 'Ann' } } }),
    )
  })
})

describe('mapping a customer', () => {
  const customer = {
    email: 'ann@example.com',
    name: 'Ann',
    phone: null,
    address: { city: 'Wien', line2: null },
    metadata: { plan: 'gold' },
  }
  const cityRule = [{ from: 'address.city', to: 'address.city' }]

  test('copies e-mail, name and phone by default', () => {
    const mapped = mapContact(ours({ phone: '+43' }), customer, [])
    expect(mapped).toMatchObject({ email: 'ann@example.com', name: 'Ann' })
    expect(mapped).not.toHaveProperty('phone')
  })

  test('copies nothing but the configured fields', () => {
    const rules = [{ from: 'metadata.plan', to: 'custom.plan' }]
    expect(mapContact(ours(), customer, rules)).toEqual({ ...ours(), custom: { plan: 'gold' } })
  })

  test('writes configured fields over those of others', () => {
    const contact = theirs({ address: { city: 'Linz', zip: '4020' } })
    expect(mapContact(contact, customer, cityRule)).toEqual(
      theirs({ address: { city: 'Wien', zip: '4020' } }),
    )
  })

  test('unsets what the customer no longer has', () => {
    const before = theirs({ address: { city: 'Linz', zip: '4020' } })
    expect(mapContact(before, { address: null }, cityRule)).toEqual(theirs({ address: { zip: '4020' } }))
  })

  test('leaves no trace of a hash that held only what it unsets', () => {
    const mapped = mapContact(ours(), customer, cityRule)
    expect(mapContact(mapped, {}, cityRule)).toEqual(ours())
  })

  test('keeps an empty hash that was there before', () => {
    expect(mapContact(theirs({ address: {} }), {}, cityRule)).toEqual(theirs({ address: {} }))
  })

  test.each(['Wien 1', ['Wien'], 7, new Date(0)])(
    'leaves alone what is no hash where a path leads through it: %j',
    (address) => {
      const contact = theirs({ address })
      expect(mapContact(contact, customer, cityRule)).toEqual(contact)
      expect(mapContact(contact, {}, cityRule)).toEqual(contact)
    },
  )

  test('takes null for an empty place', () => {
    expect(mapContact(theirs({ address: null }), customer, cityRule)).toEqual(
      theirs({ address: { city: 'Wien' } }),
    )
    expect(mapContact(theirs({ address: null }), {}, cityRule)).toEqual(theirs({ address: null }))
  })

  test('copies whole hashes with their hostile keys', () => {
    const metadata = JSON.parse('{"a.b": "1", "$set": "$secret", "__proto__": "p"}')
    const mapped = mapContact(ours(), { metadata }, [{ from: 'metadata', to: 'custom' }])
    expect(JSON.stringify(mapped.custom)).toBe(JSON.stringify(metadata))
  })

  test('lets a later rule win over an earlier one', () => {
    const rules = [
      { from: 'name', to: 'label' },
      { from: 'email', to: 'label' },
    ]
    expect(mapContact(ours(), customer, rules)).toMatchObject({ label: 'ann@example.com' })
  })
})

describe('the stand-in for an unknown customer', () => {
  test('is what its invoice says of it', () => {
    const invoice = { customer_email: 'a@b.c', customer_name: 'Ann', customer_phone: null, email: 'no' }
    expect(standInCustomer(invoice)).toEqual({ email: 'a@b.c', name: 'Ann', phone: null })
  })
})
