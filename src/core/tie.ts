// Several events of one object in one second: Stripe's clock has no finer grain, so something else has to tell
// which state came last. Guarantees: the answer is a function of the set of events alone, whatever the order in
// which they arrived or how often. Pairwise rules ("the later one wins unless …") are not transitive, which is
// why this looks at the whole set.

import { groupBy } from './group-by.ts'

/** What one event of the second says about order. */
export interface TieEntry {
  readonly id: string
  readonly rank: number
  /** Fingerprint of the state it found; `nothing` for a `*.created` event; undefined where the event doesn't tell. */
  readonly from?: string | undefined
  /** Fingerprint of the state it shows. */
  readonly to: string
}

/** The state before an object was created. */
export const nothing = ''

/**
 * Returns the entry whose state came last: the end of the chain that uses every change, leaving out as few of the entries
 * that tell one again as it takes; else the end of such a chain among the entries of the greatest rank, else the greatest
 * event id among those.
 * @param anchor fingerprint of the state before this second, or null when unknown
 */
export const lastOfTie = <Entry extends TieEntry>(
  entries: readonly Entry[],
  anchor: string | null,
): Entry => {
  const highest = Math.max(...entries.map((entry) => entry.rank))
  const candidates = entries.filter((entry) => entry.rank === highest)
  const end = endOfHistory(entries, anchor) ?? endOfHistory(candidates, anchor)
  const atEnd = end === null ? candidates : entries.filter((entry) => entry.to === end)
  return atEnd.reduce((last, entry) => (isAfter(entry, last) ? entry : last))
}

const isAfter = (entry: TieEntry, last: TieEntry): boolean =>
  entry.rank !== last.rank ? entry.rank > last.rank : entry.id > last.id

// Stripe tells some changes by two events (https://docs.stripe.com/webhooks#handle-duplicate-events), as it tells a
// refund's under two types. A change may as well come again within its second: as few events are left out as it takes.
const endOfHistory = (entries: readonly TieEntry[], anchor: string | null): string | null => {
  const visits = entries.filter((entry) => !isEdge(entry))
  const changes = groupBy(entries.filter(isEdge), ({ from, to }) => `${from} ${to}`)
  const bySize = groupBy(waysToTell([...changes.values()]), ({ length }) => length)
  for (const [, ways] of [...bySize].sort(([one], [other]) => other - one)) {
    const ends = new Set(ways.map((edges) => endOfChain([...visits, ...edges], anchor)))
    ends.delete(null)
    const [end = null] = ends
    if (end !== null) return ends.size === 1 ? end : null
  }
  return null
}

/** Most ways that are looked through, each in some 10 µs; where there are more, all events are taken, or one of each change. */
const mostWays = 1_024

/** Returns all ways to take at least one of the events that tell each change. */
const waysToTell = (changes: readonly (readonly TieEntry[])[]): readonly (readonly TieEntry[])[] => {
  const count = changes.reduce((ways, events) => ways * events.length, 1)
  if (count > mostWays) return [changes.flat(), changes.flatMap((events) => events.slice(0, 1))]
  return changes.reduce<readonly (readonly TieEntry[])[]>(
    (ways, events) => ways.flatMap((way) => events.map((_, left) => [...way, ...events.slice(left)])),
    [[]],
  )
}

// Each event with `previous_attributes` is an edge from the state it found to the state it shows; an event
// without them is a visit to a state. One history explains them all exactly when the edges form an Eulerian
// trail that passes every visited state. Its end follows from the degrees; a closed trail (a → b → a) ends
// where it began, which only the state before the second can tell.
const endOfChain = (entries: readonly TieEntry[], anchor: string | null): string | null => {
  const edges = entries.filter((entry): entry is TieEntry & { from: string } => isEdge(entry))
  const visits = entries.filter((entry) => !isEdge(entry)).map((entry) => entry.to)
  if (edges.length === 0) return visits.every((state) => state === visits[0]) ? (visits[0] ?? null) : null
  const states = new Set(edges.flatMap((edge) => [edge.from, edge.to]))
  if (!visits.every((state) => states.has(state)) || !isConnected(edges, states.size)) return null
  // One that found the state it shows did not lead there.
  const arrivals = entries.filter((entry) => entry.from === undefined).map((entry) => entry.to)
  return endOfTrail({ edges, states, arrivals }, anchor)
}

const isEdge = (entry: TieEntry): boolean => entry.from !== undefined && entry.from !== entry.to

interface Trail {
  readonly edges: readonly (TieEntry & { from: string })[]
  readonly states: ReadonlySet<string>
  /** States shown by events that don't tell what they found. */
  readonly arrivals: readonly string[]
}

const endOfTrail = ({ edges, states, arrivals }: Trail, anchor: string | null): string | null => {
  const surplus = new Map([...states].map((state) => [state, 0]))
  for (const edge of edges) {
    surplus.set(edge.from, (surplus.get(edge.from) ?? 0) - 1)
    surplus.set(edge.to, (surplus.get(edge.to) ?? 0) + 1)
  }
  const uneven = [...surplus].filter(([, count]) => count !== 0)
  if (uneven.length === 0) return anchor !== null && states.has(anchor) ? anchor : null
  const [start] = uneven.find(([, count]) => count < 0) ?? [null]
  const [end, times] = uneven.find(([, count]) => count > 0) ?? [null, 0]
  if (uneven.length !== 2 || start === null || times > 1) return null
  return isBridged({ start, arrivals }, anchor) ? end : null
}

// Where the trail begins in another state than the second did, an arrival led there. Of two arrivals at its beginning
// the other one may as well have come last, so the trail tells no end.
const isBridged = (
  { start, arrivals }: { readonly start: string; readonly arrivals: readonly string[] },
  anchor: string | null,
): boolean => anchor === null || anchor === start || arrivals.filter((state) => state === start).length < 2

const isConnected = (edges: readonly (TieEntry & { from: string })[], stateCount: number): boolean => {
  const reached = new Set<string>(edges[0] === undefined ? [] : [edges[0].from])
  let sizeBefore = 0
  while (reached.size > sizeBefore) {
    sizeBefore = reached.size
    for (const edge of edges) {
      if (reached.has(edge.from)) reached.add(edge.to)
      else if (reached.has(edge.to)) reached.add(edge.from)
    }
  }
  return reached.size === stateCount
}
