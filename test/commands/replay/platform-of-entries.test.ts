import { expect, test } from 'vitest'
import { openPlatformOfEntries } from '../../../src/commands/replay/platform-of-entries.ts'
import { BillingSyncError, type ErrorCode } from '../../../src/errors.ts'

/** Answers these one after another, the last one for ever. */
const answering = (answers: readonly (ErrorCode | null)[], patienceMs: number) => {
  const asked = { count: 0 }
  const ending = new AbortController()
  const answer = openPlatformOfEntries({
    platformAccount: async () => {
      const code = answers[Math.min(asked.count, answers.length - 1)] ?? null
      asked.count += 1
      if (code !== null) throw new BillingSyncError(code)
      return 'acct_platform'
    },
    ...{ onLostCommit: () => undefined, random: () => 0, patienceMs, signal: ending.signal },
  })
  return { asked, answer, ending }
}

test('trouble that passes is waited out', async () => {
  const { answer, asked } = answering(['stripe_unavailable', 'mongodb_unavailable', null], 60_000)
  expect(await answer()).toBe('acct_platform')
  expect(asked.count).toBe(3)
})

test('trouble that stays is waited out once for all entries', async () => {
  const { answer, asked } = answering(['stripe_unavailable'], 0)
  await expect(answer()).rejects.toMatchObject({ code: 'stripe_unavailable' })
  const { count } = asked
  await expect(answer()).rejects.toMatchObject({ code: 'stripe_unavailable' })
  expect(asked.count).toBe(count)
})

test('a key that is not accepted is told at once', async () => {
  const { answer, asked } = answering(['stripe_unauthorized', null], 60_000)
  await expect(answer()).rejects.toMatchObject({ code: 'stripe_unauthorized' })
  expect(asked.count).toBe(1)
})

test('nobody waits after the signal', async () => {
  const { answer, asked, ending } = answering(['stripe_unavailable', null], 60_000)
  ending.abort()
  await expect(answer()).rejects.toMatchObject({ code: 'stripe_unavailable' })
  expect(asked.count).toBe(1)
})
