// Renders the facts of a simulated object in one API generation. Facts hold what either generation says, so a
// generation only leaves out or moves: nothing is made up here.
import type { Family, Generation } from './history.ts'
import { hashAt, hashesAt, type Json, numberAt, textAt, without } from './plain-json.ts'

export const API_VERSIONS: Readonly<Record<Generation, string>> = {
  acacia: '2024-12-18.acacia',
  endive: '2026-10-28.endive',
}

/** Returns the object as an API of this generation renders it, without anything shared with the facts. */
export const rendered = (family: Family, facts: Json, generation: Generation): Json =>
  structuredClone(RENDERERS[family]?.[generation](facts) ?? facts)

const itemsWith = (facts: Json, item: (of: Json) => Json): Json => {
  const items = hashAt(facts, 'items')
  return { ...items, data: hashesAt(items, 'data').map(item) }
}

const periodBounds = (facts: Json): Json => {
  const items = hashesAt(hashAt(facts, 'items'), 'data')
  return {
    current_period_start: Math.min(...items.map((item) => numberAt(item, 'current_period_start'))),
    current_period_end: Math.max(...items.map((item) => numberAt(item, 'current_period_end'))),
  }
}

const parentOf = (facts: Json): Json | null => {
  const subscription = textAt(facts, 'subscription')
  if (subscription === null) return null
  const subscription_details = { metadata: facts.subscription_metadata, subscription }
  return { quote_details: null, subscription_details, type: 'subscription_details' }
}

const RENDERERS: Readonly<Partial<Record<Family, Readonly<Record<Generation, (facts: Json) => Json>>>>> = {
  subscriptions: {
    acacia: (facts) => ({
      ...facts,
      ...periodBounds(facts),
      items: itemsWith(facts, (item) => without(item, ['current_period_start', 'current_period_end'])),
    }),
    endive: (facts) => facts,
  },
  invoices: {
    acacia: (facts) => ({
      ...without(facts, ['subscription_metadata']),
      subscription_details: facts.subscription === null ? null : { metadata: facts.subscription_metadata },
    }),
    endive: (facts) => ({
      ...without(facts, ['charge', 'paid', 'payment_intent', 'subscription', 'subscription_metadata']),
      parent: parentOf(facts),
    }),
  },
  charges: {
    acacia: (facts) => facts,
    endive: (facts) => without(facts, ['invoice']),
  },
}
