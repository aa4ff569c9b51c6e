// Brings new metadata of subscriptions to their invoices and charges where one commit could not: a subscription may have
// thousands of them. Guarantees: each step is a commit of bounded size; what another writer changes in between is seen
// by the next step; metadata that changes again meanwhile begins anew; the last step takes the name off the account.

import type { NoticeDraft } from '../core/notice.ts'
import { BillingSyncError } from '../errors.ts'
import { reconcileInheritance } from '../handlers/relatives.ts'
import type { OpenAccount, PipelineStore, Unfinished } from '../ports/pipeline-store.ts'
import { changeSetOf } from '../unit-of-work/change-set.ts'
import { preloadInvoices } from '../unit-of-work/preload.ts'
import { UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import { holdingAfterLoss } from './hold-account.ts'
import { mayGoInParts, type Patience, patiently } from './patience.ts'
import { clearingWrite, isAmong } from './unfinished.ts'

export interface FinishingOptions extends Patience {
  readonly store: PipelineStore
  readonly now: () => Date
  /** Once it aborts, no further step is begun. */
  readonly signal?: AbortSignal
}

/** Invoices of one step; most have one charge, so that a commit writes some 200 documents. Heavy ones go in fewer. */
const mostInvoicesPerStep = 100

/** Subscriptions that are finished together. */
const subscriptionsAtOnce = 50

/** What is being finished, and the invoices that it has not reached yet. */
interface Plan {
  readonly finishing: readonly Unfinished[]
  readonly invoices: readonly string[]
  readonly invoicesPerStep: number
}

/** What was done. */
export interface Finished {
  readonly notices: readonly NoticeDraft[]
  /** Number of commits. */
  readonly commits: number
  /** False where it was stopped: the name on the account's row tells the next what is left. */
  readonly isFinished: boolean
}

interface Step extends Omit<Finished, 'isFinished'> {
  /** Null: nothing is left. */
  readonly plan: Plan | null
}

/**
 * Finishes everything that commits of the account left to be done, and returns what was done. Rejects with
 * `mongodb_unavailable` or `account_busy` after a minute without progress; what was done until then is kept.
 */
export const finishInheritance = async (account: string, options: FinishingOptions): Promise<Finished> => {
  const notices: NoticeDraft[] = []
  let commits = 0
  let plan: Plan | null = null
  do {
    if (options.signal?.aborted === true) return { notices, commits, isFinished: false }
    const before: Plan | null = plan
    const attempt = (store: PipelineStore): Promise<Step | null> =>
      takeStep(account, before, { ...options, store })
    const made = holdingAfterLoss({ account, store: options.store, attempt })
    const step: Step = await patiently(made, { ...options, isDivisible: true })
    notices.push(...step.notices)
    commits += step.commits
    plan = step.plan
  } while (plan !== null)
  return { notices, commits, isFinished: true }
}

const takeStep = async (
  account: string,
  before: Plan | null,
  { store, now: clock }: FinishingOptions,
): Promise<Step | null> => {
  const opened = await store.openAccount(account)
  if (opened.unfinished.length === 0) return { notices: [], commits: 0, plan: null }
  const planned = before !== null && isCurrent(before, opened) ? before : await planOf(opened)
  const { finishing, invoices, invoicesPerStep } = planned
  const now = clock()
  // Nobody is told anything here, so no effect is due.
  const work = new UnitOfWork({ account: opened.settings, effects: 'none', now, reader: opened.reader })
  const reached = invoices.slice(0, invoicesPerStep)
  await preloadInvoices(work, reached)
  await reconcileInheritance(work, reached)
  const { writes, notices } = changeSetOf(work)
  const rest = invoices.slice(invoicesPerStep)
  const all = rest.length > 0 ? writes : [...writes, clearingWrite(opened, finishing)]
  const plan = { ...planned, invoices: rest }
  if (all.length === 0) return { notices, commits: 0, plan }
  const commit = { account, seq: opened.seq, now, writes: all, notices, settlements: [] }
  try {
    return (await store.commit(commit)) ? { notices, commits: 1, plan } : null
  } catch (error) {
    // One that MongoDB ended, or refused for the sum of what it writes, may go through in smaller steps.
    return { notices: [], commits: 0, plan: lighter(planned, error) }
  }
}

const lighter = (plan: Plan, error: unknown): Plan => {
  const isUnstorable = error instanceof BillingSyncError && error.code === 'payload_unstorable'
  if (!(isUnstorable || mayGoInParts(error)) || plan.invoicesPerStep === 1) throw error
  return { ...plan, invoicesPerStep: Math.ceil(plan.invoicesPerStep / 2) }
}

// Named anew since, a subscription begins anew.
const isCurrent = ({ finishing, invoices }: Plan, { unfinished }: OpenAccount): boolean =>
  invoices.length > 0 && finishing.every((named) => isAmong(unfinished, named))

const planOf = async ({ unfinished, reader }: OpenAccount): Promise<Plan> => {
  const finishing = unfinished.slice(0, subscriptionsAtOnce)
  const subscriptions = finishing.map(({ subscription }) => subscription)
  const lookup = { collection: 'billing.invoices', field: 'subscription' } as const
  const invoices = await reader.idsByField(lookup, subscriptions)
  return { finishing, invoices, invoicesPerStep: mostInvoicesPerStep }
}
