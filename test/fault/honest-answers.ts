// What holds of every answer to a delivery, whatever becomes of MongoDB, and the load that is answered.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { expect } from 'vitest'
import { numberedEvent } from '../support/deliveries.ts'
import { webhookSecret as secret } from '../support/serve-process.ts'
import { type DeliveryResult, deliver } from '../support/stripe/deliver.ts'

/** The slowest answer of all, an answer once MongoDB is known to be away, the first 200 once it is back, the end. */
export const promised =
  process.env.FULL === '1'
    ? { answerMs: 3_000, knownMs: 50, recoveryMs: 2_000, endMs: 10_000, idleEndMs: 7_000 }
    : { answerMs: 4_000, knownMs: 100, recoveryMs: 4_000, endMs: 12_000, idleEndMs: 9_000 }

export interface SteadyLoad {
  /** The answers so far, in their order. */
  readonly results: readonly DeliveryResult[]
  stop(): Promise<void>
}

/** Delivers new events in eight lanes, with a short rest after each, until told to stop. */
export const keepDelivering = (url: string, firstNumber: number): SteadyLoad => {
  const results: DeliveryResult[] = []
  let isOver = false
  let number = firstNumber
  const lane = async (): Promise<void> => {
    while (!isOver) {
      number += 1
      results.push(...(await deliver([{ ...numberedEvent(number) }], { url, secret })))
      await wait(20)
    }
  }
  const lanes = Promise.all(Array.from({ length: 8 }, lane))
  return {
    results,
    stop: async () => {
      isOver = true
      await lanes
    },
  }
}

/** Tells whether the last sixteen answers are of a status. */
export const last = (results: readonly DeliveryResult[], status: number): boolean =>
  results.slice(-16).length === 16 && results.slice(-16).every((result) => result.status === status)

/** Tells whether an answer is one that a sender may get at any time: taken, or the plea to come again. */
export const isHonest = ({ status, retryAfter }: DeliveryResult): boolean =>
  status === 200 || (status === 503 && Number(retryAfter) > 0)

/** Expects of answers that each is honest and in time, and that what they acknowledge is stored. */
export const expectHonest = async (results: readonly DeliveryResult[], uri: string): Promise<void> => {
  expect(results.filter((result) => !isHonest(result))).toEqual([])
  expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(promised.answerMs)
  const stored = await storedIds(uri)
  const acknowledged = results.filter(({ status }) => status === 200).map(({ eventId }) => eventId ?? '')
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
}

const storedIds = async (uri: string): Promise<ReadonlySet<string>> => {
  const client = new MongoClient(uri)
  try {
    return new Set(await client.db().collection('billing.events').distinct('event_id'))
  } finally {
    await client.close()
  }
}
