// `backfill --verify`: joins one account's drift audit to the database and to Stripe.

import { setTimeout as wait } from 'node:timers/promises'
import { defaultSettings } from '../../core/account.ts'
import { interruption } from '../../core/interruption.ts'
import { objectKinds } from '../../core/object-kinds.ts'
import { compareBatch } from '../../pipeline/compare-batch.ts'
import type { OpenAccount } from '../../ports/pipeline-store.ts'
import { auditAccount } from '../../sources/backfill/audit-account.ts'
import type { AccountTally, BackfillTally } from '../../sources/backfill/backfill-tally.ts'
import type { Confirming } from '../../sources/backfill/confirm-drift.ts'
import type { AccountReader } from '../../unit-of-work/reader.ts'
import { type BackfillRun, failureTeller, handlingOf, walkOf } from './backfill-one.ts'
import { goneBy } from './mend-account.ts'

/** How long what is on its way to the mirror is waited for before an object is looked at again. */
const settleMs = 2_000

/** Audits one account. Rejects with the coded error that keeps it from being complete. */
export const auditOne = async (
  tally: AccountTally,
  run: BackfillRun,
  whole: Pick<BackfillTally, 'addDrift'>,
): Promise<void> => {
  const { account } = tally
  const { positions, ranges } = await run.positions.open(account)
  const { reader, eachStored } = run.storedOf(account, ranges)
  const { drift, omitted, failure } = await auditAccount({
    ...confirmingOf(tally, run, reader),
    ...{ tally, eachStored, onFailed: failureTeller(tally, run) },
    walk: { ...(await walkOf(tally, run)), positions },
  })
  whole.addDrift(
    drift.map(({ kind, id, drift: found, fields }) => ({
      ...{ account, collection: objectKinds[kind].collection, stripe_id: id },
      ...{ kind: found, fields },
    })),
    omitted,
  )
  if (failure !== null) throw failure
  if ([...tally.resources.values()].some(({ complete }) => !complete)) throw interruption(account)
}

const confirmingOf = (tally: AccountTally, run: BackfillRun, reader: AccountReader): Confirming => {
  const { account } = tally
  const { stripe, signal } = run
  const { readObjects } = handlingOf(tally, run)
  const opened = unopened(account, reader)
  return {
    account,
    readSingly: async (objects) => {
      const reads = await readObjects(
        opened,
        objects.map((object) => ({ ...object, afterSecond: 0 })),
      )
      // What the signal cut off waits as it does where Stripe is away.
      if (signal.aborted) throw interruption(account)
      return reads
    },
    compare: (observations) => compareBatch({ id: account, reader }, observations),
    gone: goneBy(stripe),
    settle: async () => {
      await wait(settleMs, undefined, { signal }).catch(() => {
        throw interruption(account)
      })
    },
  }
}

// Opening an account makes its row where there is none; here nothing depends on what the row says.
const unopened = (account: string, reader: AccountReader): OpenAccount => ({
  settings: defaultSettings(account),
  ...{ seq: 0, connection: null, parked: false, unfinished: [], contactsDue: null },
  reader,
})
