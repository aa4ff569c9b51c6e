import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import type { Notice } from '../../../src/core/notice.ts'
import type { OutboxRow } from '../../../src/ports/outbox-store.ts'
import { packetsOf, positionOf, textOf } from '../../../src/sinks/socket/packets.ts'

const at = new Date('2026-01-01T00:00:00Z')
const notice = (number: number): Notice => ({
  id: `acct_1-7-${number}`,
  kind: 'invoice.updated',
  stripe_user_id: 'acct_1',
  collection: 'billing.invoices',
  stripe_id: `in_${number}`,
  event_id: 'evt_1',
  at,
})
const contact = new ObjectId()
const message = { _id: 'm', conversation_id: 'c', room_id: 'r', body: 'Paid', created_at: at }
const row = (changes: Partial<OutboxRow> = {}): OutboxRow => ({
  id: 'acct_1-7-socket',
  account: 'acct_1',
  seq: 7,
  notices: [notice(1), notice(2)],
  messages: [],
  attempts: 0,
  ageMs: 0,
  ...changes,
})

describe('the packets of a commit', () => {
  test('tell each notice, with its position last', () => {
    const told = { ...notice(1), at: at.toISOString() }
    expect(packetsOf(row())[0]).toEqual({ seq: 7, args: ['billing:changed', told, '7-1'] })
    expect(packetsOf(row()).map(({ args }) => args[2])).toEqual(['7-1', '7-2'])
  })

  test('tell after them where a message was posted, and the message', () => {
    const packets = packetsOf(row({ messages: [{ message, contact_id: contact, room_made: false }] }))
    const place = { room_id: 'r', conversation_id: 'c', contact_id: contact.toHexString() }
    expect(packets.slice(2).map(({ args }) => args)).toEqual([
      ['support:room:join', place, '7-3'],
      ['support:message', { ...message, created_at: at.toISOString() }, '7-4'],
    ])
  })

  test('tell that a room was made before anybody joins it', () => {
    const packets = packetsOf(row({ messages: [{ message, contact_id: 'k', room_made: true }] }))
    expect(packets.slice(2).map(({ args }) => args[0])).toEqual([
      'support:room:create',
      'support:room:join',
      'support:message',
    ])
  })

  test('leave out what a client of a position has seen', () => {
    expect(packetsOf(row(), { seq: 7, packet: 1 }).map(({ args }) => args[2])).toEqual(['7-2'])
    expect(packetsOf(row(), { seq: 6, packet: 9 })).toHaveLength(2)
  })
})

describe('a position', () => {
  test('is told as text and read again', () => {
    expect(positionOf(textOf({ seq: 12, packet: 3 }))).toEqual({ seq: 12, packet: 3 })
  })

  test.each([
    undefined,
    null,
    7,
    '',
    '7',
    '7-',
    '-7-1',
    '7-1-1',
    '1e3-1',
    '7-1\n',
    `${'9'.repeat(16)}-1`,
    ['7-1'],
  ])('is not read out of %j', (text) => {
    expect(positionOf(text)).toBeNull()
  })
})
