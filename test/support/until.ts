// Waits for states instead of times.

import { setTimeout as wait } from 'node:timers/promises'
import type { Collection, Document, Filter } from 'mongodb'

/** How long a state is waited for: a machine busy with other tests is slow. */
const patienceMs = 60_000

/** Resolves once so many documents fit; rejects with what is there where that takes too long. */
export const untilStored = async <Row extends Document>(
  collection: Collection<Row>,
  filter: Filter<Row>,
  count = 1,
): Promise<void> => {
  const giveUpAt = performance.now() + patienceMs
  while ((await collection.countDocuments(filter)) !== count) {
    if (performance.now() > giveUpAt) {
      const rows = await collection
        .find({}, { projection: { payload: 0 } })
        .limit(5)
        .toArray()
      throw new Error(`${count} documents with ${JSON.stringify(filter)} never came: ${JSON.stringify(rows)}`)
    }
    await wait(20)
  }
}

/** Resolves once a condition holds; rejects where that takes too long. */
export const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const giveUpAt = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`never came: ${what}`)
    await wait(20)
  }
}
