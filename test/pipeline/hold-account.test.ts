import { expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { holdingAfterLoss } from '../../src/pipeline/hold-account.ts'
import { patiently } from '../../src/pipeline/patience.ts'
import type { HeldAccount, PipelineStore } from '../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { openDatabaseForTest } from '../support/database.ts'

const account = 'acct_1'
const patience = { onLostCommit: () => undefined, random: () => 0.5 }

/** A store that is not asked for anything but to be held, and what was done with it. */
const holdable = (hold: (held: HeldAccount) => HeldAccount | null) => {
  const done: string[] = []
  const unused = (): never => {
    throw new TypeError('nobody reads or commits here')
  }
  const inner: PipelineStore = { openAccount: unused, commit: unused }
  const held: HeldAccount = {
    store: inner,
    release: async () => {
      done.push('released')
    },
  }
  const store: PipelineStore = {
    ...{ openAccount: unused, commit: unused },
    hold: async () => {
      const answer = hold(held)
      done.push(answer === null ? 'taken' : 'held')
      return answer
    },
  }
  const attempt = (answers: readonly (string | null)[]) => {
    const rest = [...answers]
    return async (given: PipelineStore) => {
      done.push(given === inner ? 'attempt while held' : 'attempt')
      return rest.shift() ?? null
    }
  }
  return { store, done, attempt }
}

test('after a loss the account is held for the attempt', async () => {
  const { store, done, attempt } = holdable((held) => held)
  const made = holdingAfterLoss({ account, store, attempt: attempt([null, 'committed']) })
  expect(await patiently(made, patience)).toBe('committed')
  expect(done).toEqual(['attempt', 'held', 'attempt while held', 'released'])
})

test('where others commit all the time it is held at once, and while another has it nothing is attempted', async () => {
  let asked = 0
  const { store, done, attempt } = holdable((held) => {
    asked += 1
    return asked < 3 ? null : held
  })
  const made = holdingAfterLoss({ account, store, attempt: attempt(['committed']), isCrowded: true })
  expect(await patiently(made, patience)).toBe('committed')
  expect(done).toEqual(['taken', 'taken', 'held', 'attempt while held', 'released'])
})

test('an attempt that fails gives the account back', async () => {
  const { store, done } = holdable((held) => held)
  const attempt = () =>
    Promise.reject(new BillingSyncError('payload_unstorable', { problem: 'it is too large' }))
  const made = holdingAfterLoss({ account, store, attempt, isCrowded: true })
  await expect(made()).rejects.toMatchObject({ code: 'payload_unstorable' })
  expect(done).toEqual(['held', 'released'])
})

test('what was too heavy while held is tried without, since a contact may have been written meanwhile', async () => {
  const { store, done } = holdable((held) => held)
  const attempt = async (given: PipelineStore) => {
    done.push(given === store ? 'attempt' : 'attempt while held')
    if (given !== store) throw new BillingSyncError('commit_too_heavy')
    return 'committed'
  }
  const made = holdingAfterLoss({ account, store, attempt, isCrowded: true })
  expect(await patiently(made, { ...patience, isDivisible: true })).toBe('committed')
  expect(done).toEqual(['held', 'attempt while held', 'released', 'attempt'])
})

test('what is too heavy beside others, too, is told', async () => {
  const { store, done } = holdable((held) => held)
  const attempt = async (given: PipelineStore) => {
    if (given === store) return null
    throw new BillingSyncError('commit_too_heavy')
  }
  const made = holdingAfterLoss({ account, store, attempt, isCrowded: true })
  const running = patiently(made, { ...patience, isDivisible: true })
  await expect(running).rejects.toMatchObject({ code: 'commit_too_heavy' })
  expect(done).toEqual(['held', 'released', 'held', 'released'])
})

test('a batch that takes long gets through beside a writer that never pauses', async () => {
  const { client, db } = await openDatabaseForTest()
  await ensureCollections(db)
  const store = openMongoStore({ client, db, parkUnknown: false, retentionMs: 60_000 })
  const commitOf = (seq: number) => ({
    account,
    seq,
    now: new Date(),
    writes: [],
    notices: [],
    settlements: [],
  })
  let isOver = false
  let quick = 0
  const committing = (async () => {
    // Far more than the long one takes; it ends with it.
    while (!isOver && quick < 2_000) {
      const { seq } = await store.openAccount(account)
      if (await store.commit(commitOf(seq))) quick += 1
    }
  })()
  const attempt = async (given: PipelineStore) => {
    const { seq } = await given.openAccount(account)
    // Folds until the other has committed, or found that it can't.
    const [before, started] = [quick, performance.now()]
    while (quick < before + 3 && performance.now() - started < 100) await given.openAccount(account)
    return (await given.commit(commitOf(seq))) || null
  }
  await patiently(holdingAfterLoss({ account, store, attempt }), patience)
  isOver = true
  await committing
  expect(quick).toBeLessThan(2_000)
  expect((await store.openAccount(account)).seq).toBe(quick + 1)
})
