// What a command that a signal ends still asks of MongoDB. Guarantee: while the server answers, everything is finished;
// once it is silent, whatever waits for it ends within a few seconds. The driver knows no signal: it looks for a server for ten
// seconds with each question, and for an answer of a frozen one without end.

import { setTimeout as wait } from 'node:timers/promises'
import type { MongoClient } from 'mongodb'
import { waitEnded } from '../core/interruption.ts'
import { inTime } from '../in-time.ts'

/** How long one look at the server may take, and the pause before the next. */
const lookPatienceMs = 1_500
const lookPauseMs = 250

/** Looks in a row that nobody answers: the first may have found a connection that broke, or a busy machine. */
const mostSilent = 2

/** How long work has to end by itself once its questions fail: that of a replay counts what it could not store. */
const settleMs = 1_000

/**
 * Answers what work on a database comes to. Once a signal came and the server is silent, the client is closed, so that
 * what is asked of it fails as in an outage; work that does not end then is left alone, which rejects with
 * `mongodb_unavailable`.
 */
export const unlessAway = async <Result>(
  client: MongoClient,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> => {
  const over = new AbortController()
  try {
    return await Promise.race([work(), leaving(client, signal, over.signal)])
  } finally {
    over.abort()
  }
}

/** Never resolves. Rejects once the server was left, unless the work was over before. */
const leaving = async (client: MongoClient, signal: AbortSignal, over: AbortSignal): Promise<never> => {
  await aborted(signal)
  for (let silent = 0; silent < mostSilent; ) {
    await wait(lookPauseMs, undefined, { ref: false })
    if (over.aborted) return never()
    silent = (await inTime(answers(client), lookPatienceMs, false)) ? 0 : silent + 1
  }
  if (over.aborted) return never()
  // Its farewell may take as long as anything else that is asked of a frozen server.
  void client.close()
  await wait(settleMs)
  throw waitEnded()
}

const never = (): Promise<never> => new Promise(() => undefined)

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const answers = async (client: MongoClient): Promise<boolean> => {
  try {
    await client.db('admin').command({ ping: 1 })
    return true
  } catch {
    return false
  }
}
