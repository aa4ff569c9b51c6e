import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deskIdOf, deskTables, idText } from '../../src/unit-of-work/desk-entities.ts'

const valuesOf = (table: keyof typeof deskTables, finder: string, fields: Record<string, unknown>): unknown =>
  deskTables[table].finders.find(({ name }) => name === finder)?.valuesOf({ _id: 'x', ...fields })

describe('the id of a desk document', () => {
  test('is text for ids of any type', () => {
    const hex = '0123456789abcdef01234567'
    expect(idText(new ObjectId(hex))).toBe(hex)
    expect(deskIdOf({ _id: 'acct_1:cus_1' })).toBe('acct_1:cus_1')
    expect(idText(7)).toBe('7')
  })
})

describe('a contact is found', () => {
  test('by its customer and by each former one', () => {
    expect(valuesOf('contacts', 'customer', { stripe_customer_id: 'cus_1' })).toEqual(['cus_1'])
    const former = { former_stripe_customer_ids: ['cus_1', 'cus_2'] }
    expect(valuesOf('contacts', 'former_customer', former)).toEqual(['cus_1', 'cus_2'])
  })

  test('by its e-mail address as the database finds it: as it is stored, without case', () => {
    expect(valuesOf('contacts', 'adoptable', { email: 'Ann@Example.com' })).toEqual(['ann@example.com'])
    expect(valuesOf('contacts', 'adoptable', { email: ' ann@example.com' })).toEqual([' ann@example.com'])
  })

  test('by nothing where others stored no text', () => {
    for (const value of [null, undefined, 7, { $gt: '' }, [null, {}]]) {
      expect(valuesOf('contacts', 'customer', { stripe_customer_id: value })).toEqual([])
      expect(valuesOf('contacts', 'adoptable', { email: value })).toEqual([])
      expect(valuesOf('contacts', 'former_customer', { former_stripe_customer_ids: value })).toEqual([])
    }
  })
})

describe('conversations and rooms are found', () => {
  test('by the text of an id that others may have made', () => {
    const contact_id = new ObjectId('0123456789abcdef01234567')
    expect(valuesOf('conversations', 'contact', { contact_id })).toEqual(['0123456789abcdef01234567'])
    expect(valuesOf('rooms', 'conversation', { conversation_id: 'acct_1:x' })).toEqual(['acct_1:x'])
  })
})

describe('the tables of the desk', () => {
  test('name the collections of the contract', () => {
    expect(deskTables).toMatchObject({
      contacts: { collection: 'crm.contacts' },
      conversations: { collection: 'support.conversations' },
      rooms: { collection: 'support.rooms' },
      messages: { collection: 'support.messages' },
    })
  })
})
