import { describe, expect, test } from 'vitest'
import { numberNotices } from '../../src/core/notice.ts'

describe('the notices of a commit', () => {
  test('are numbered by account, commit and place', () => {
    const at = new Date('2026-01-01T00:00:00Z')
    const charge = {
      kind: 'charge.created',
      collection: 'billing.charges',
      stripe_id: 'ch_1',
      event_id: 'evt_1',
    } as const
    const room = {
      kind: 'room.created',
      collection: 'support.rooms',
      stripe_id: null,
      event_id: null,
    } as const
    expect(numberNotices([charge, room], { account: 'acct_1', seq: 7, at })).toEqual([
      { id: 'acct_1-7-1', stripe_user_id: 'acct_1', at, ...charge },
      { id: 'acct_1-7-2', stripe_user_id: 'acct_1', at, ...room },
    ])
  })

  test('have ids without a colon, which BullMQ refuses', () => {
    const draft = { kind: 'charge.updated', collection: 'c', stripe_id: 'a:b', event_id: null } as const
    const [notice] = numberNotices([draft], { account: 'acct_1', seq: 1, at: new Date(0) })
    expect(notice?.id).not.toContain(':')
  })
})
