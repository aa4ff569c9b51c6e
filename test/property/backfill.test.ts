import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLists } from '../support/backfilling.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { live, lives, type Step } from '../support/random-billing.ts'
import { deliveryOptions, handleEvents } from '../support/reading-pipeline.ts'
import { servedState, stateOf } from '../support/served-state.ts'
import type { EventRecord } from '../support/stripe/event-record.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'

/** What is done between the pieces of a life; `number` says which events, by which way, or after how many more pieces. */
const dealing = fc.record({
  kind: fc.constantFrom('deliver', 'deliver', 'read', 'commit', 'nothing'),
  number: fc.nat(1000),
})

const piecesOf = (history: readonly Step[], size: number): readonly (readonly Step[])[] =>
  history.length === 0 ? [] : [history.slice(0, size), ...piecesOf(history.slice(size), size)]

// Deletions are never lost: no list tells of them.
const isLost = ({ type }: EventRecord, index: number, number: number): boolean =>
  !type.endsWith('.deleted') && (index * 31 + number) % 3 === 0

test('events and pages in any mixture leave the mirror equal to Stripe', { timeout: 300_000 }, async () => {
  const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
  console.log(`PROPERTY_SEED=${seed}`)
  const { server, world } = await playStripe()
  let accounts = 0
  await fc.assert(
    fc.asyncProperty(lives, fc.array(dealing, { minLength: 6, maxLength: 12 }), async (history, dealings) => {
      accounts += 1
      const account = world.account(`acct_${accounts}`)
      world.clock.set(Math.floor(Date.now() / 1000) - 600)
      const store = new MemoryStore([])
      const events = deliveryOptions(store, null)
      const late: EventRecord[] = []
      const uncommitted: (() => Promise<void>)[] = []
      let told = 0
      const pieces = piecesOf(history, 3)
      for (const [index, { kind, number }] of dealings.entries()) {
        live(account, pieces[index] ?? [], () => world.clock.advance(1))
        const fresh = account.events.slice(told)
        told = account.events.length
        late.push(...fresh.filter((event, place) => !isLost(event, place, number)))
        // In any order, and twice at times.
        if (kind === 'deliver') {
          const batch = late.splice(0, 1 + (number % 6)).reverse()
          const source = number % 3 === 0 ? 'webhook' : 'replay'
          if (batch.length > 0)
            await handleEvents([...batch, ...batch.slice(0, number % 2)], { ...events, source })
        }
        if (kind === 'read') uncommitted.push(await readLists(server, account.id, store))
        if (kind === 'commit') await uncommitted.splice(number % Math.max(1, uncommitted.length), 1)[0]?.()
      }
      for (const piece of pieces.slice(dealings.length)) live(account, piece, () => world.clock.advance(1))
      const rest = account.events.slice(told).filter(({ type }) => type.endsWith('.deleted'))
      for (const event of [...late, ...rest].reverse()) await handleEvents([event], events)
      for (const commit of uncommitted.reverse()) await commit()
      world.clock.advance(3)
      await (await readLists(server, account.id, store))()
      const expected = servedState([account])
      const stored = stateOf(store.dump())
      for (const [collection, documents] of Object.entries(expected)) {
        const alive = (stored[collection] ?? []).filter(({ fields }) => fields.deleted !== true)
        expect(alive).toEqual(documents)
      }
    }),
    { numRuns: 25, seed },
  )
})
