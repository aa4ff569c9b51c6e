import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  entriesOf,
  fixtureNames,
  fixtureText,
  isObject,
  type Json,
  type JsonObject,
  loadEvent,
  loadFixture,
  loadSnapshotEvents,
  loadStory,
  objectOf,
  objectsWithin,
  type SnapshotEvent,
} from './support/fixture-files.ts'

const bothGenerations = [
  ...family('charge', 'succeeded pending failed updated captured refunded expired refund.updated'),
  ...family('charge.dispute', 'created updated funds_withdrawn funds_reinstated closed'),
  ...family('refund', 'created updated failed'),
  ...family('invoice', 'created updated finalized finalization_failed sent paid payment_succeeded deleted'),
  ...family('invoice', 'payment_failed payment_action_required marked_uncollectible voided'),
  ...family('invoice', 'overdue will_be_due upcoming'),
  ...family('customer', 'created updated deleted'),
  ...family('customer.subscription', 'created updated deleted paused resumed trial_will_end'),
  ...family('customer.subscription', 'pending_update_applied pending_update_expired'),
  ...family('product', 'created updated deleted'),
  ...family('account.application', 'authorized deauthorized'),
]
const newGenerationOnly = ['invoice_payment.paid', ...family('invoice', 'overpaid payment_attempt_required')]

/** One field that Stripe's API versions do not all send. `since` is included, `until` is not. */
interface MovedField {
  object: string
  field: string
  since?: string
  until?: string
  /** Sent by the versions that know it, but not on every object. */
  sometimes?: true
}

const basil = '2025-03-31'
const movedFields: MovedField[] = [
  ...moved({ until: '2022-11-15' }, ['charge.refunds']),
  ...moved({ until: basil }, [
    'charge.invoice',
    ...family('invoice', 'charge payment_intent paid paid_out_of_band subscription subscription_details'),
    ...family('invoice', 'quote tax total_tax_amounts discount transfer_data application_fee_amount'),
    ...family('subscription', 'current_period_start current_period_end discount'),
    ...family('line_item', 'price plan type proration tax_amounts'),
    'plan.aggregate_usage',
  ]),
  ...moved({ until: basil, sometimes: true }, family('line_item', 'subscription_item invoice_item')),
  ...moved({ since: basil }, [
    ...family('invoice', 'parent total_taxes'),
    'subscription.billing_mode',
    ...family('subscription_item', 'current_period_start current_period_end'),
    ...family('line_item', 'pricing parent taxes'),
  ]),
  ...moved({ since: '2025-12-15' }, ['invoice.customer_account', 'subscription.customer_account']),
  ...moved({ since: '2026-07-29' }, family('refund', 'customer payment_method')),
]

describe('fixture files', () => {
  it('has every event type in each generation that sends it', () => {
    const wanted = [
      ...bothGenerations.flatMap((type) => [`${type}.acacia`, `${type}.endive`]),
      ...newGenerationOnly.map((type) => `${type}.endive`),
    ]
    expect(wanted.filter((name) => !fixtureNames().includes(name))).toEqual([])
    for (const type of newGenerationOnly) expect(fixtureNames()).not.toContain(`${type}.acacia`)
  })

  it('names each file after its type, case and generation', () => {
    const misnamed = fixtureNames().filter((name) => {
      const event = loadFixture(name)
      const generation = event.object === 'event' ? event.api_version.split('.')[1] : undefined
      const labels = `(\\.(?!acacia|endive)[a-z-]+)?(\\.${generation})?`
      return !new RegExp(`^${event.type.replaceAll('.', '\\.')}${labels}$`).test(name)
    })
    expect(misnamed).toEqual([])
  })

  it('prints every file with two spaces of indent', () => {
    const otherwise = [...fixtureNames(), 'story'].filter(
      (name) => fixtureText(name) !== `${JSON.stringify(JSON.parse(fixtureText(name)), null, 2)}\n`,
    )
    expect(otherwise).toEqual([])
  })

  it('gives every event an id of its own', () => {
    const ids = [...fixtureNames().map(loadFixture), ...loadStory()].map((event) => event.id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    expect(ids.filter((id) => !/^evt_[A-Za-z0-9]+$/.test(id))).toEqual([])
  })

  it('points the thin event at a charge and its snapshot twin', () => {
    const thin = loadFixture('v1.charge.refunded.thin')
    const twin = loadEvent('charge.refunded.endive')
    expect(thin).toMatchObject({
      context: twin.account,
      related_object: { id: twin.data.object.id, type: 'charge' },
      snapshot_event: twin.id,
    })
  })

  it('names the connected account on all but the platform events', () => {
    const withoutAccount = fixtureNames().filter((name) => {
      const event = loadFixture(name)
      return event.object === 'event' && event.account === undefined
    })
    expect(withoutAccount).toEqual(['charge.succeeded.platform', 'customer.created.platform'])
    expect(loadStory().every((event) => event.account?.startsWith('acct_'))).toBe(true)
  })

  it.each(movedFields)('sends $field of $object only where the version knows it', (moved) => {
    const seen = { known: 0, unknown: 0 }
    for (const event of loadSnapshotEvents()) {
      for (const object of objectsWithin(event.data.object)) {
        if (object.object !== moved.object || object.deleted === true) continue
        const known = isKnown(moved, event.api_version)
        seen[known ? 'known' : 'unknown'] += 1
        if (known && moved.sometimes) continue
        expect(Object.hasOwn(object, moved.field), `${event.id} ${event.api_version}`).toBe(known)
      }
    }
    expect(seen.known).toBeGreaterThan(0)
    expect(seen.unknown).toBeGreaterThan(0)
  })

  it('keeps previous attributes that differ from the object', () => {
    const untrue = loadSnapshotEvents().flatMap(({ id, type, data }) => {
      const previous = data.previous_attributes
      if (previous === undefined) return type.endsWith('.updated') ? [`${id} has none`] : []
      return unchangedKeys(previous, data.object).map((key) => `${id} ${key}`)
    })
    expect(untrue).toEqual([])
  })

  it('resolves every reference within its own account', () => {
    expect(danglingReferences(loadSnapshotEvents())).toEqual([])
  })

  it('holds example addresses, test cards and no secret', () => {
    const text = [...fixtureNames(), 'story'].map(fixtureText).join('')
    const addresses = text.match(/[\w.+-]+@[\w.-]+/g) ?? []
    expect(addresses.length).toBeGreaterThan(0)
    expect(addresses.filter((address) => !/@([\w-]+\.)*example\.(com|org)$/.test(address))).toEqual([])
    const lastDigits = new Set([...text.matchAll(/"last4": "(\d+)"/g)].map(([, digits]) => digits))
    expect([...lastDigits].sort()).toEqual(['0341', '3000', '4242', '4444', '6789'])
    expect(text).not.toMatch(/[prs]k_(live|test)_|whsec_/)
  })
})

describe('story', () => {
  const story = loadStory()

  it('runs in order over three months and two generations', () => {
    const instants = story.map((event) => event.created)
    expect(instants).toEqual(instants.toSorted((a, b) => a - b))
    expect(((instants.at(-1) ?? 0) - (instants[0] ?? 0)) / 86_400).toBeGreaterThan(80)
    const versionOf = new Map(story.map((event) => [event.account, event.api_version]))
    expect([...versionOf.values()].sort()).toEqual(['2025-02-24.acacia', '2026-10-28.endive'])
    expect(story.every((event) => versionOf.get(event.account) === event.api_version)).toBe(true)
  })

  it('continues each object from where its last event left it', () => {
    const latest = new Map<Json | undefined, JsonObject>()
    let continued = 0
    for (const { data } of story) {
      const before = latest.get(data.object.id)
      if (before !== undefined && data.previous_attributes !== undefined) {
        expect(reverted(data.object, data.previous_attributes)).toEqual(before)
        continued += 1
      }
      latest.set(data.object.id, data.object)
    }
    expect(continued).toBe(story.filter((event) => event.data.previous_attributes !== undefined).length)
  })

  it('changes a customer and a subscription twice within a second', () => {
    const moments = story.map(({ type, created, data }) => `${type} ${data.object.id} ${created}`)
    const second = story.filter((_event, index) => moments[index] === moments[index - 1])
    expect(second.map((event) => event.type)).toEqual(['customer.updated', 'customer.subscription.updated'])
  })

  it('takes that customer back to where the second began', () => {
    const juergen = story.filter(({ data }) => data.object.email === 'juergen.weiss@example.com')
    const [first, ...later] = juergen.map(({ data }) => data.object.phone)
    expect(later).toEqual([expect.not.stringContaining(String(first)), first, first])
  })

  it('resolves every reference within the story', () => {
    expect(danglingReferences(story)).toEqual([])
  })

  it('agrees on the amount of each payment', () => {
    const charges = story
      .filter((event) => event.type === 'charge.succeeded')
      .map((event) => event.data.object)
    const paid = story.filter((event) => event.type === 'invoice.paid').map((event) => event.data.object)
    expect(paid.length).toBeGreaterThanOrEqual(9)
    for (const invoice of paid) {
      const intent = invoice.payment_intent ?? paymentOf(invoice, story)
      const charge = charges.find((candidate) => candidate.payment_intent === intent)
      const lines = entriesOf(invoice.lines).map((line) => Number(line.amount))
      expect(lines.reduce((sum, amount) => sum + amount, 0)).toBe(invoice.amount_paid)
      expect(charge).toMatchObject({ amount: invoice.amount_paid, currency: invoice.currency })
      expect([charge?.invoice ?? invoice.id, invoice.charge ?? charge?.id]).toEqual([invoice.id, charge?.id])
      const told = story.filter(({ data }) => data.object.id === invoice.id).map(({ type }) => type)
      expect(told).toEqual(
        expect.arrayContaining(['invoice.created', 'invoice.finalized', 'invoice.payment_succeeded']),
      )
    }
  })

  it('bills each subscription for one month after the other', () => {
    const ends = new Map<Json | undefined, Json | undefined>()
    for (const { type, data } of story) {
      if (type !== 'invoice.created') continue
      const line = entriesOf(data.object.lines).at(-1)
      if (!line?.subscription) continue
      const { start, end } = objectOf(line.period)
      expect(start).toBe(ends.get(line.subscription) ?? start)
      ends.set(line.subscription, end)
    }
    expect(ends.size).toBe(4)
  })
})

function family(prefix: string, names: string): string[] {
  return names.split(' ').map((name) => `${prefix}.${name}`)
}

function moved(when: Omit<MovedField, 'object' | 'field'>, names: string[]): MovedField[] {
  return names.map((name) => ({ ...when, object: name.split('.')[0] ?? '', field: name.split('.')[1] ?? '' }))
}

function isKnown({ since, until }: MovedField, version: string): boolean {
  return (since === undefined || version >= since) && (until === undefined || version < until)
}

/** Keys whose old value is no older than the object's, or which the object never had. */
function unchangedKeys(previous: JsonObject, object: JsonObject, depth = 0): string[] {
  return Object.entries(previous).flatMap(([key, old]) => {
    const now = Object.hasOwn(object, key) ? object[key] : undefined
    if (isObject(old) && isObject(now)) return unchangedKeys(old, now, depth + 1)
    // A hash may lose a key; the object itself always shows all of its fields.
    if (now === undefined) return depth > 0 && old !== null ? [] : [key]
    return isDeepStrictEqual(old, now) ? [key] : []
  })
}

function reverted(current: Json | undefined, previous: Json): Json {
  if (!isObject(current) || !isObject(previous)) return previous
  const before = Object.entries(previous).map(([key, old]) => [key, reverted(current[key], old)])
  return { ...current, ...Object.fromEntries(before) }
}

function paymentOf(invoice: JsonObject, events: SnapshotEvent[]): Json | undefined {
  const payment = events.find(
    ({ type, data }) => type === 'invoice_payment.paid' && data.object.invoice === invoice.id,
  )
  expect(payment?.data.object.amount_paid).toBe(invoice.amount_paid)
  return objectOf(payment?.data.object.payment).payment_intent
}

/** References that no event of the same account resolves, as `event id, field, target`. */
function danglingReferences(events: SnapshotEvent[]): string[] {
  const known = new Set(
    events.flatMap(({ account, data }) => [
      `${account} ${data.object.id}`,
      `${account} ${data.object.payment_intent}`,
    ]),
  )
  const references = events.flatMap(referencesOf)
  expect(references.length).toBeGreaterThan(100)
  return references
    .filter(({ event, id }) => !known.has(`${event.account} ${id}`))
    .map(({ event, field, id }) => `${event.id} ${field} ${id}`)
}

function referencesOf(event: SnapshotEvent): { event: SnapshotEvent; field: string; id: string }[] {
  const fields = ['customer', 'invoice', 'charge', 'subscription', 'latest_invoice', 'product']
  const named = objectsWithin(event.data.object).flatMap((object) =>
    fields.map((field) => ({ field, id: object[field] })),
  )
  const { payment, parent } = event.data.object
  const { subscription } = objectOf(objectOf(parent).subscription_details)
  const links = [
    { field: 'payment_intent', id: objectOf(payment).payment_intent },
    { field: 'parent', id: subscription },
  ]
  return [...named, ...links].flatMap(({ field, id }) =>
    typeof id === 'string' ? [{ event, field, id }] : [],
  )
}
