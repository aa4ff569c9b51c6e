import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { patiently } from '../../src/pipeline/patience.ts'
import { leastMsOf } from '../support/least-time.ts'

// A pause that doubles would have taken at least 1.5 s by the tenth loss, whatever is drawn.
test('after commits lost to a busy neighbour the next try comes soon', async () => {
  const losing = async () => {
    let lost = 0
    const result = await patiently(() => Promise.resolve(lost < 10 ? null : 'committed'), {
      onLostCommit: () => {
        lost += 1
      },
      random: () => 0.99,
    })
    expect([result, lost]).toEqual(['committed', 10])
  }
  expect(await leastMsOf(losing, 1_000)).toBeLessThan(1_000)
})

const away = new BillingSyncError('mongodb_unavailable', { reason: 'of this test' })
const plain = { onLostCommit: () => undefined, random: () => 0.99 }

test('what is waited for, and given up over, is told with what else is known of it', async () => {
  const known = new BillingSyncError('mongodb_unavailable', { reason: 'the disk is full' })
  const reasons: (string | null)[] = []
  const waited = patiently(() => Promise.reject(away), {
    ...{ ...plain, patienceMs: 100 },
    explain: async (error) => (error === away ? known : error),
    onWaiting: (reason) => reasons.push(reason),
  })
  await expect(waited).rejects.toBe(known)
  expect(new Set(reasons)).toEqual(new Set([known.message, null]))
})

// The pause that the signal meets is over a second long.
test('a signal ends the wait for trouble to pass with one last try', async () => {
  const ending = async () => {
    const stop = new AbortController()
    let tries = 0
    let waits = 0
    let signalled = 0
    const attempt = async (): Promise<never> => {
      tries += 1
      throw away
    }
    const onWaiting = (reason: string | null): void => {
      waits += reason === null ? 0 : 1
      if (reason === null || waits < 8) return
      // By then it waits.
      setImmediate(() => {
        signalled = performance.now()
        stop.abort()
      })
    }
    const ended = patiently(attempt, { ...plain, onWaiting, endSignal: stop.signal })
    await expect(ended).rejects.toThrow(away)
    expect([tries, waits]).toEqual([9, 8])
    return performance.now() - signalled
  }
  expect(await ending()).toBeLessThan(1_000)
})

test('a commit that is lost after the signal is tried again', async () => {
  let lost = 0
  const onLostCommit = (): void => {
    lost += 1
  }
  const attempt = async () => (lost < 3 ? null : 'committed')
  const patience = { ...plain, onLostCommit, endSignal: AbortSignal.abort() }
  expect(await patiently(attempt, patience)).toBe('committed')
})

test('a try that would outlast the time is not begun', async () => {
  let tries = 0
  // As one that looks for a server.
  const attempt = async (): Promise<never> => {
    tries += 1
    await wait(300)
    throw away
  }
  await expect(patiently(attempt, { ...plain, patienceMs: 500 })).rejects.toThrow(away)
  expect(tries).toBe(1)
})
