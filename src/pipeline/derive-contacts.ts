// Derives an account's contacts anew once its mappings changed. Guarantees: each step is a commit of bounded size that
// says how far it has come, so whoever comes next goes on there; it is refused where anybody else committed meanwhile;
// mappings that change again begin anew; a contact that the store refuses stays as it is and stops no other.

import { deriveContact } from '../handlers/contacts.ts'
import type { Commit, ContactsDue, PipelineStore } from '../ports/pipeline-store.ts'
import { changeSetOf, type Write } from '../unit-of-work/change-set.ts'
import { preloadContacts } from '../unit-of-work/preload.ts'
import { UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import { holdingAfterLoss } from './hold-account.ts'
import { isRefusal, mayGoInParts, type Patience, patiently, reloadingOnce } from './patience.ts'

export interface DerivingOptions extends Patience {
  readonly store: PipelineStore
  readonly now: () => Date
  /** Answers the account's next customers, in the order of their ids. */
  readonly customersAfter: (account: string, after: string, most: number) => Promise<readonly string[]>
  /** Told what each step changed. */
  readonly onDerived?: (notices: Commit['notices']) => void
  /** Ends it between two steps. */
  readonly signal: AbortSignal
}

/** Customers of one step; each has one contact. */
const customersPerStep = 200

type Step = 'more' | 'done'

/**
 * Derives all contacts that are due, up to the signal. Rejects with `mongodb_unavailable` or `account_busy` after a
 * minute without progress; what was done until then is kept.
 */
export const deriveDueContacts = async (account: string, options: DerivingOptions): Promise<void> => {
  let step: Step = 'more'
  while (step === 'more' && !options.signal.aborted) step = await takeStep(account, options)
}

// Which contact it was that the store refused shows when it is alone.
const takeStep = async (account: string, options: DerivingOptions): Promise<Step> => {
  const attempt = (size: StepSize): Promise<Step> =>
    patiently(
      reloadingOnce(
        holdingAfterLoss({
          account,
          store: options.store,
          attempt: (store) => attemptStep(account, size, { ...options, store }),
        }),
      ),
      { ...options, isDivisible: size.most > 1 },
    )
  try {
    return await attempt({ most: customersPerStep, isWritten: true })
  } catch (error) {
    if (!isAboutContacts(error)) throw error
  }
  try {
    return await attempt({ most: 1, isWritten: true })
  } catch (error) {
    if (!isAboutContacts(error)) throw error
    return attempt({ most: 1, isWritten: false })
  }
}

const isAboutContacts = (error: unknown): boolean => isRefusal(error) || mayGoInParts(error)

interface StepSize {
  readonly most: number
  readonly isWritten: boolean
}

const attemptStep = async (
  account: string,
  { most, isWritten }: StepSize,
  { store, now: clock, customersAfter, onDerived }: DerivingOptions,
): Promise<Step | null> => {
  const { contactsDue: due, settings, seq, reader } = await store.openAccount(account)
  if (due === null) return 'done'
  const customers = await customersAfter(account, due.after, most)
  const now = clock()
  // Nobody is told anything here, so no effect is due.
  const work = new UnitOfWork({ account: settings, effects: 'none', now, reader })
  await preloadContacts(work, customers)
  for (const id of customers) await deriveContact(work, id, { paid: false, mappedBefore: due.mapped_before })
  const { writes, notices } = isWritten ? changeSetOf(work) : { writes: [], notices: [] }
  const row = dueWrite(account, due, customers.at(-1) ?? null)
  const commit = { account, seq, now, writes: [...writes, row], notices, settlements: [] }
  if (!(await store.commit(commit))) return null
  onDerived?.(notices)
  return customers.length > 0 ? 'more' : 'done'
}

const dueWrite = (account: string, due: ContactsDue, reached: string | null): Write => ({
  kind: 'update',
  collection: 'billing.accounts',
  id: account,
  ...(reached === null
    ? { set: {}, unset: ['contacts_due'] }
    : { set: { contacts_due: { ...due, after: reached } }, unset: [] }),
})
