// fast-check arbitraries of histories. What is drawn is a plan of small numbers (simulation.ts runs it), so shrinking
// takes steps, accounts and oddities away and leaves a history that could have happened.
import fc from 'fast-check'
import { type Delivery, withDeliveries } from './delivery.ts'
import { type AccountSettings, FAMILIES, type Family, type History } from './history.ts'
import type { PreexistingContactPlan } from './preexisting-desk.ts'
import type { Fate } from './simulated-account.ts'
import { type AccountPlan, type Step, simulated } from './simulation.ts'

export interface HistoryOptions {
  /** The families that exist and whose events are emitted; default all but refunds, disputes and products. */
  readonly families?: readonly Family[]
  /** True lets the events of each account come in both API generations; `any` mixes in one of four histories. Default false. */
  readonly mixedGenerations?: boolean | 'any'
  /** Default 3. */
  readonly mostAccounts?: number
  /** Steps of the simulated world, of about one event and a half each; default 40. */
  readonly mostSteps?: number
  /** False leaves no documents of other people; default true. */
  readonly preexisting?: boolean
}

export const ALL_FAMILIES: readonly Family[] = FAMILIES

const USUAL_FAMILIES: readonly Family[] = [
  'customers',
  'subscriptions',
  'invoices',
  'charges',
  'invoice_payments',
]

/** Draws histories; the same options and seed give the same histories. */
export const historyArbitrary = (options: HistoryOptions = {}): fc.Arbitrary<History> =>
  fc
    .record({
      accounts: fc.array(accountArbitrary(options.preexisting ?? true), {
        minLength: 1,
        maxLength: options.mostAccounts ?? 3,
      }),
      steps: fc.noBias(
        fc.array(stepArbitrary, { minLength: 2, maxLength: options.mostSteps ?? 40, size: 'max' }),
      ),
      families: fc.constant(options.families ?? USUAL_FAMILIES),
      mixedGenerations: mixing(options.mixedGenerations ?? false),
    })
    .map(simulated)

/** Draws a history together with deliveries of it (default 2). */
export const historyWithDeliveries = (
  options: HistoryOptions & { readonly deliveries?: number } = {},
): fc.Arbitrary<{ history: History; deliveries: readonly Delivery[] }> =>
  withDeliveries(historyArbitrary(options), options.deliveries ?? 2)

const mixing = (mixed: boolean | 'any'): fc.Arbitrary<boolean> =>
  mixed === 'any' ? fc.nat(3).map((drawn) => drawn === 3) : fc.constant(mixed)

const MAPPINGS: readonly AccountSettings['mappings'][] = [
  [],
  [{ from: 'email', to: 'email' }],
  [
    { from: 'email', to: 'email' },
    { from: 'address.city', to: 'address.city' },
    { from: 'metadata.plan', to: 'custom.plan' },
    { from: 'name', to: 'last_name' },
  ],
  [
    { from: 'email', to: 'email' },
    { from: 'name', to: 'name' },
    { from: 'metadata.tier.x', to: 'custom.tier' },
  ],
]

const weighted = <Value>(...options: readonly (readonly [number, Value])[]): fc.Arbitrary<Value> =>
  fc.constantFrom(...options.flatMap(([weight, value]) => Array.from({ length: weight }, () => value)))

const fateArbitrary: fc.Arbitrary<Fate> = weighted([15, 'seen'], [1, 'only its deletion'], [2, 'never seen'])

const contactArbitrary: fc.Arbitrary<PreexistingContactPlan> = fc.record({
  kind: weighted([3, 'adoptable'], [1, 'linked'], [1, 'foreign']),
  customer: fc.integer({ min: 1, max: 3 }),
  filled: fc.subarray(['name', 'phone', 'last_name', 'address'] as const),
  conversations: fc.constantFrom('none', 'one without a room', 'one', 'two'),
})

const accountArbitrary = (hasPreexisting: boolean): fc.Arbitrary<AccountPlan> =>
  fc.record({
    settings: fc.record({
      new_contact: weighted([3, true], [1, false]),
      support: weighted([4, true], [1, false]),
      mappings: weighted<AccountSettings['mappings']>(
        [2, []],
        ...MAPPINGS.map((mappings) => [1, mappings] as const),
      ),
    }),
    generation: fc.constantFrom('acacia', 'endive'),
    fates: fc.array(fateArbitrary, { minLength: 1, maxLength: 12 }),
    // At most one contact for each customer, so that which contact is adopted is always told by the contract.
    preexisting: hasPreexisting
      ? fc.uniqueArray(contactArbitrary, { maxLength: 2, selector: ({ customer }) => customer })
      : fc.constant([]),
  })

// Drawn evenly: small numbers are for shrinking, not for being drawn more often.
const evenly = (most: number): fc.Arbitrary<number> => fc.noBias(fc.nat(most))

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  account: evenly(5),
  advance: weighted([5, 0], [3, 1], [1, 2], [1, 60]),
  operation: evenly(1999),
  pick: evenly(59),
  value: evenly(59),
  salt: evenly(0x7fffffff),
})
