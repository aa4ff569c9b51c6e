// Runs the child that ends itself at one command of the driver.

import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { canaryEnvironment, noteLeaks } from '../support/leaks.ts'

/** A command of the driver; the number counts from one, in the order of the moment. */
export interface CrashPoint {
  readonly moment: 'commandStarted' | 'commandSucceeded'
  readonly number: number
  readonly name: string
  readonly inTransaction: boolean
}

interface Batch {
  readonly uri: string
  readonly account: string
  readonly events: readonly SnapshotEvent[]
}

const program = fileURLToPath(new URL('handle-and-crash.mjs', import.meta.url))

// A key of the developer's own would make the child ask Stripe, a config of his own would change what it does.
const ownSettings = {
  ...{ STRIPE_SECRET_KEY: '', BILLING_SYNC_CONFIG: '', BILLING_SYNC_MODE: '' },
  ...canaryEnvironment,
}

const run = async (batch: Batch, crashAt: CrashPoint | null) => {
  const input = JSON.stringify({ ...batch, crashAt })
  const end = await execa(process.execPath, [program], { input, env: ownSettings, reject: false })
  noteLeaks({ args: [program], env: { ...ownSettings, MONGODB_URI: batch.uri }, ...end })
  return end
}

/** Runs the batch to its end and returns every moment at which it could have crashed. */
export const countCrashPoints = async (batch: Batch): Promise<readonly CrashPoint[]> => {
  const { exitCode, stdout, stderr } = await run(batch, null)
  if (exitCode !== 0) throw new TypeError(`the undisturbed batch ended with ${exitCode}: ${stderr}`)
  const told: Record<CrashPoint['moment'], Omit<CrashPoint, 'moment' | 'number'>[]> = JSON.parse(stdout)
  return (['commandStarted', 'commandSucceeded'] as const).flatMap((moment) =>
    told[moment].map((command, index) => ({ moment, number: index + 1, ...command })),
  )
}

/** Runs the batch until it crashes at the point given, and returns the signal that ended it. */
export const crashAt = async (point: CrashPoint, batch: Batch): Promise<string | undefined> =>
  (await run(batch, point)).signal
