import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { parseStripeEvent } from '../../src/core/stripe-event.ts'
import { fixtureNames, loadFixture, loadStory } from '../support/fixture-files.ts'

const envelope: JsonObject = {
  id: 'evt_1',
  object: 'event',
  account: 'acct_1',
  api_version: '2026-10-28.endive',
  created: 100,
  livemode: true,
  type: 'charge.updated',
  data: { object: { id: 'ch_1' }, previous_attributes: { status: 'pending' } },
}

const thin: JsonObject = {
  id: 'evt_1',
  object: 'v2.core.event',
  type: 'v1.charge.refunded',
  created: '2026-01-01T00:00:00.900Z',
  livemode: false,
  context: 'acct_1',
  related_object: { id: 'ch_1', type: 'charge', url: '/v1/charges/ch_1' },
}

const problemOf = (value: Json): string => {
  const parsed = parseStripeEvent(value)
  return 'problem' in parsed ? parsed.problem : 'no problem'
}

const eventIn = (value: Json) => {
  const parsed = parseStripeEvent(value)
  if ('problem' in parsed) throw new TypeError(parsed.problem)
  return parsed.event
}

describe('a snapshot event', () => {
  test('is read with all that matters of its envelope', () => {
    expect(eventIn({ ...envelope, pending_webhooks: 3, request: null })).toEqual({
      id: 'evt_1',
      account: 'acct_1',
      type: 'charge.updated',
      apiVersion: '2026-10-28.endive',
      created: 100,
      livemode: true,
      object: { id: 'ch_1' },
      previous: { status: 'pending' },
      related: null,
    })
  })

  test('may lack account, version, mode and previous attributes', () => {
    const bare = { id: 'evt_1', object: 'event', type: 't', created: 0, data: { object: {} } }
    const nothing = { account: null, apiVersion: null, livemode: null, previous: null }
    expect(eventIn(bare)).toMatchObject(nothing)
    const nulls = { account: null, api_version: null, livemode: null }
    expect(eventIn({ ...bare, ...nulls, data: { object: {}, previous_attributes: null } })).toMatchObject(
      nothing,
    )
  })

  test('keeps hostile keys of its object as they are', () => {
    const object = JSON.parse('{"id": "x", "__proto__": {"a": 1}, "$set": {"b": 2}}')
    const read = eventIn({ ...envelope, data: { object } })
    expect(JSON.stringify(read.object)).toBe(JSON.stringify(object))
  })
})

describe('a thin event', () => {
  test('names its account and the object it hints at', () => {
    expect(eventIn(thin)).toEqual({
      id: 'evt_1',
      account: 'acct_1',
      type: 'v1.charge.refunded',
      apiVersion: null,
      created: 1_767_225_600,
      livemode: false,
      object: null,
      previous: null,
      related: { kind: 'charge', id: 'ch_1', change: 'charge.refunded' },
    })
  })

  test.each([
    ['acct_platform/acct_child', 'acct_child'],
    ['acct_1', 'acct_1'],
    [null, null],
  ])('of context %j belongs to account %j', (context, account) => {
    expect(eventIn({ ...thin, context }).account).toBe(account)
  })

  test.each<[string, JsonObject, string]>([
    ['its time is in Unix seconds', { created: 100 }, 'created'],
    ['its time has no zone', { created: '2026-01-01T00:00:00' }, 'created'],
    ['its day is in no calendar', { created: '2026-02-30T00:00:00Z' }, 'created'],
    ['what it hints at is a list', { related_object: [] }, 'related_object'],
    ['its context is no account id', { context: 'acct_1/$gt' }, 'context'],
    ['its context ends in a slash', { context: 'acct_1/' }, 'context'],
    ['its id is an operator', { id: { $gt: '' } }, 'id'],
    ['its type is missing', { type: null }, 'type'],
  ])('is invalid where %s', (_, fields, field) => {
    expect(problemOf({ ...thin, ...fields })).toMatch(new RegExp(`^${field}: `))
  })
})

describe('a thin event of an event that Stripe could not make', () => {
  const lost: JsonObject = {
    ...thin,
    type: 'v2.core.health.event_generation_failure.resolved',
    context: null,
    related_object: null,
    data: {
      alert_id: 'mntr_1',
      impact: {
        context: 'acct_platform/acct_2',
        event_type: 'customer.deleted',
        related_object: { id: 'cus_1', type: 'customer', url: '/v1/customers/cus_1' },
      },
    },
  }

  test('hints at the object and the account of the lost one', () => {
    expect(eventIn(lost)).toMatchObject({
      account: 'acct_2',
      type: 'v2.core.health.event_generation_failure.resolved',
      related: { kind: 'customer', id: 'cus_1', change: 'customer.deleted' },
    })
  })

  test.each<[string, Json]>([
    ['nothing', null],
    [
      'an object of a kind that is not mirrored',
      {
        ...(lost.data as JsonObject),
        impact: { event_type: 'x', related_object: { id: 'mtr_1', type: 'billing.meter' } },
      },
    ],
    [
      'an id that is an operator',
      { impact: { event_type: 'x', related_object: { id: { $gt: '' }, type: 'charge' } } },
    ],
  ])('hints at nothing where it names %s', (_, data) => {
    expect(eventIn({ ...lost, data }).related).toBeNull()
  })
})

describe('a value that is no event', () => {
  test.each<[Json, string]>([
    [null, 'expected a Stripe event object, got null'],
    [[], 'expected a Stripe event object, got an array'],
    ['evt_1', 'expected a Stripe event object, got a string'],
    [7, 'expected a Stripe event object, got a number'],
    [true, 'expected a Stripe event object, got a boolean'],
    [{}, 'expected "object": "event", got none'],
    [{ object: 'charge', id: 'ch_1' }, 'expected "object": "event", got "charge"'],
    [{ object: ['event'] }, 'expected "object": "event", got none'],
  ])('is told what was expected and what came: %j', (value, problem) => {
    expect(problemOf(value)).toBe(problem)
  })

  test.each(['x'.repeat(500), '\u001b[31m', 'a b', ''])(
    'is quoted only where it could be a name: %j',
    (object) => {
      expect(problemOf({ object })).toBe('expected "object": "event", got another text')
    },
  )
})

describe('an envelope', () => {
  test.each<[string, JsonObject, string]>([
    ['an id that is an operator', { id: { $gt: '' } }, 'id'],
    ['an id that is a list', { id: ['evt_1'] }, 'id'],
    ['a null id', { id: null }, 'id'],
    ['an id without its prefix', { id: 'evt' }, 'id'],
    ['an id with a dot', { id: 'evt_1.2' }, 'id'],
    ['an id with a colon', { id: 'evt_1:2' }, 'id'],
    ['an id with a dollar', { id: 'evt_$1' }, 'id'],
    ['an id with a line break', { id: 'evt_1\n' }, 'id'],
    ['an id with a NUL', { id: 'evt_1\0' }, 'id'],
    ['an id of 256 characters', { id: `evt_${'x'.repeat(252)}` }, 'id'],
    ['an account that is an operator', { account: { $ne: null } }, 'account'],
    ['an account with a colon', { account: 'acct_1:acct_2' }, 'account'],
    ['an empty account', { account: '' }, 'account'],
    ['an account named like our own', { account: 'platform' }, 'account'],
    ['no type', { type: '' }, 'type'],
    ['a type that is a number', { type: 7 }, 'type'],
    ['a type of 256 characters', { type: 'x'.repeat(256) }, 'type'],
    ['a version that is a number', { api_version: 2026 }, 'api_version'],
    ['a time that is a text', { created: '100' }, 'created'],
    ['a time before 1970', { created: -1 }, 'created'],
    ['a time with a fraction', { created: 100.5 }, 'created'],
    ['a time after the year 9999', { created: 253_402_300_800 }, 'created'],
    ['a mode that is a text', { livemode: 'true' }, 'livemode'],
    ['no data', { data: null }, 'data'],
    ['data that are a list', { data: [] }, 'data'],
    ['data without an object', { data: {} }, 'data.object'],
    ['an object that is a list', { data: { object: [] } }, 'data.object'],
    ['an object that is an id', { data: { object: 'ch_1' } }, 'data.object'],
    [
      'previous attributes that are a list',
      { data: { object: {}, previous_attributes: [] } },
      'data.previous_attributes',
    ],
  ])('with %s is invalid and the field is named', (_, fields, field) => {
    expect(problemOf({ ...envelope, ...fields }).startsWith(`${field}: `)).toBe(true)
  })

  test('may tell the last second of the year 9999', () => {
    expect(eventIn({ ...envelope, created: 253_402_300_799 }).created).toBe(253_402_300_799)
  })

  test.each<[JsonObject, string]>([
    [{ id: 7 }, 'id: expected a string, got a number'],
    [{ id: 'evt' }, 'id: expected an id such as evt_1 or acct_1'],
    [{ type: '' }, 'type: expected a type such as invoice.paid, got an empty one'],
    [{ type: 'x'.repeat(256) }, 'type: expected at most 255 characters'],
    [{ created: 100.5 }, 'created: expected a whole number of seconds from 0 to 253402300799'],
    [{ created: JSON.parse('1e999') }, 'created: expected a whole number of seconds from 0 to 253402300799'],
    [{ created: -1 }, 'created: expected a whole number of seconds from 0 to 253402300799'],
    [{ created: 1e300 }, 'created: expected a whole number of seconds from 0 to 253402300799'],
    [{ livemode: 'true' }, 'livemode: expected true or false, got a string'],
    [{ data: null }, 'data: expected an object, got null'],
    [{ data: [] }, 'data: expected an object, got an array'],
    [{ data: {} }, 'data.object: expected an object'],
  ])('with %j is told what was expected', (fields, problem) => {
    expect(problemOf({ ...envelope, ...fields })).toBe(problem)
  })

  test('that lacks a field is told what was expected there', () => {
    const { id: _, ...rest } = envelope
    expect(problemOf(rest)).toBe('id: expected a string, got nothing')
  })

  test('may have a type of 255 characters that take two places each', () => {
    expect(eventIn({ ...envelope, type: '\u{1f511}'.repeat(255) }).type).toHaveLength(510)
  })

  test('is never quoted in what is said of it', () => {
    const secret = 'ann@example.com'
    for (const field of ['id', 'account', 'type', 'api_version', 'created', 'livemode', 'data'])
      for (const value of [secret, [secret], { secret }])
        expect(problemOf({ ...envelope, [field]: value })).not.toContain(secret)
  })
})

describe('the fixtures', () => {
  test('are all read as events', () => {
    const events = [...fixtureNames().map(loadFixture), ...loadStory()]
    expect(events.filter((event) => 'problem' in parseStripeEvent(event as unknown as Json))).toEqual([])
  })
})
