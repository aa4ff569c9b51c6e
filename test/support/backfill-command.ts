// `billing-sync backfill` as a user runs it: the built command, its own process, a real database and a played Stripe.

import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import type { BackfillSummary } from '../../src/sources/backfill/backfill-tally.ts'
import type { ToldChange } from '../../src/ui/changes-table.ts'
import { canaryEnvironment, noteLeaks } from './leaks.ts'
import { projectFolder } from './source-modules.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from './stripe/world.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface BackfillPlace {
  /** Connection string of the database. */
  readonly uri: string
  /** URL of the played Stripe. */
  readonly url: string
  readonly secretKey?: string
  readonly env?: Readonly<Record<string, string>>
  /** Files of the working directory. */
  readonly files?: Readonly<Record<string, string>>
}

/** Starts the command: what it ends with is for the test to judge. */
export const startBackfill = async (args: readonly string[], place: BackfillPlace) => {
  const { uri, url, secretKey = PLATFORM_KEYS.test, env = {}, files = {} } = place
  const settings = {
    ...{ MONGODB_URI: uri, STRIPE_SECRET_KEY: secretKey, STRIPE_API_BASE: url },
    ...{ STRIPE_ACCOUNT_ID: PLATFORM_ID, REDIS_URL: '', SOCKET_SECRET: '', NO_COLOR: '1' },
    ...canaryEnvironment,
    ...env,
  }
  // Wrapped: what execa returns is a promise of the end, and an async function would wait for it.
  const child = execa(process.execPath, [join(projectFolder, 'bin/billing-sync.js'), 'backfill', ...args], {
    cwd: await temporaryFolder(files),
    env: settings,
    reject: false,
  })
  // A test that ends early, as at its limit of time, leaves nothing running that slows the others.
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await child
  })
  void child.then(({ stdout, stderr }) => noteLeaks({ args, env: settings, stdout, stderr }))
  return { child }
}

export interface BackfillResult {
  readonly exitCode: number | undefined
  readonly summary: BackfillSummary & { readonly changes?: readonly ToldChange[] }
  readonly stderr: string
}

/** Runs the command with `--json` to its end. */
export const runBackfill = async (args: readonly string[], place: BackfillPlace): Promise<BackfillResult> => {
  const { exitCode, stdout, stderr } = await (await startBackfill([...args, '--json'], place)).child
  if (stdout === '') throw new TypeError(`backfill printed nothing; it said ${stderr}`)
  return { exitCode, summary: JSON.parse(stdout), stderr }
}
