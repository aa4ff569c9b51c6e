// Runs a plan of small numbers as a simulated Stripe world. A plan is all that fast-check draws and shrinks: taking a
// step out of it, or making a number smaller, always leaves a plan that can be run.
import { CHARGE_OPERATIONS, DISPUTE_OPERATIONS, REFUND_OPERATIONS } from './charge-operations.ts'
import { CUSTOMER_OPERATIONS, PRODUCT_OPERATIONS } from './customer-operations.ts'
import type { AccountSettings, Family, Generation, History } from './history.ts'
import { historyOf } from './history-of.ts'
import { INVOICE_OPERATIONS } from './invoice-operations.ts'
import type { Choice, Operation } from './operation.ts'
import { type PreexistingContactPlan, preexistingDesk, reservedEmails } from './preexisting-desk.ts'
import { type Fate, SimulatedAccount, type SimulatedWorld } from './simulated-account.ts'
import { SUBSCRIPTION_OPERATIONS } from './subscription-operations.ts'

export interface AccountPlan {
  readonly settings: Omit<AccountSettings, 'stripe_user_id'>
  readonly generation: Generation
  readonly fates: readonly Fate[]
  readonly preexisting: readonly PreexistingContactPlan[]
}

export interface Step extends Choice {
  readonly account: number
  /** Seconds that pass before the step. */
  readonly advance: number
  readonly operation: number
  /** What event ids and generations are drawn from; 0 draws nothing. */
  readonly salt: number
}

export interface WorldPlan {
  readonly accounts: readonly AccountPlan[]
  readonly steps: readonly Step[]
  readonly families: readonly Family[]
  readonly mixedGenerations: boolean
}

const START = 1_760_000_000

const OPERATIONS: Readonly<Record<Family, readonly Operation[]>> = {
  customers: CUSTOMER_OPERATIONS,
  subscriptions: SUBSCRIPTION_OPERATIONS,
  invoices: INVOICE_OPERATIONS,
  charges: CHARGE_OPERATIONS,
  invoice_payments: [],
  refunds: REFUND_OPERATIONS,
  disputes: DISPUTE_OPERATIONS,
  products: PRODUCT_OPERATIONS,
}

/** Runs the plan and returns the history that came of it. */
export const simulated = (plan: WorldPlan): History => {
  const { families, mixedGenerations } = plan
  const world: SimulatedWorld = { families, mixedGenerations, events: [], clock: START, salt: 0 }
  const accounts = plan.accounts.map((account, index) => simulatedAccount(account, index, world))
  const operations = families.flatMap((family) => OPERATIONS[family])
  for (const step of plan.steps) {
    world.clock += step.advance
    world.salt = step.salt
    const account = accounts[step.account % accounts.length]
    if (account !== undefined) run(operations, account, step)
  }
  return historyOf({
    accounts: accounts.map((account) => account.plan.settings),
    preexisting: mergedDesks(accounts, plan.accounts),
    events: world.events,
  })
}

const simulatedAccount = (plan: AccountPlan, index: number, world: SimulatedWorld): SimulatedAccount => {
  const settings = { stripe_user_id: `acct_${index + 1}`, ...plan.settings }
  const { generation, fates, preexisting } = plan
  return new SimulatedAccount(
    { settings, generation, fates, reservedEmails: reservedEmails(preexisting) },
    world,
  )
}

/** A prime, so that looking on for an operation that fits prefers no neighbour in the table and comes by all. */
const STRIDE = 61

/** Runs the chosen operation, or the next one by strides for which the account has something to do it with. */
const run = (operations: readonly Operation[], account: SimulatedAccount, step: Step): void => {
  for (let tried = 0; tried < operations.length; tried += 1) {
    if (operations[(step.operation + tried * STRIDE) % operations.length]?.(account, step) === true) return
  }
}

const mergedDesks = (
  accounts: readonly SimulatedAccount[],
  plans: readonly AccountPlan[],
): History['preexisting'] => {
  const desks = accounts.map(({ plan }, index) =>
    preexistingDesk(plan.settings.stripe_user_id, plans[index]?.preexisting ?? []),
  )
  const collections = new Set(desks.flatMap((desk) => Object.keys(desk)))
  return Object.fromEntries(
    [...collections].map((collection) => [collection, desks.flatMap((desk) => desk[collection] ?? [])]),
  )
}
