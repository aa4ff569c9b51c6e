// Backfills in this process, by the command's own code: a start of the program costs more than what such a test reads.
// How the program begins, ends and speaks is shown by the built one; what stands in the database may be shown here.

import { setMaxListeners } from 'node:events'
import { parseArgs } from 'node:util'
import { backfillAccounts } from '../../src/commands/backfill/backfill-accounts.ts'
import { backfillRequestOf } from '../../src/commands/backfill/backfill-request.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/log.ts'
import { type BackfillSummary, BackfillTally } from '../../src/sources/backfill/backfill-tally.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from './stripe/world.ts'

const silent = {
  onProgress: () => undefined,
  onEmbedded: () => undefined,
  start: async () => undefined,
  stop: () => undefined,
}

const flagsOf = (args: readonly string[]) => {
  const several = { type: 'string', multiple: true } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ account: several, resource: several, id: several },
      ...{ since: { type: 'string' }, until: { type: 'string' } },
      ...{ restart: { type: 'boolean' }, verify: { type: 'boolean' } },
    },
  })
  return { effects: 'none', ...values } as const
}

export interface FilledMirror {
  /** Whether the command would have ended with 1. */
  readonly hasFailures: boolean
  readonly summary: BackfillSummary
}

/** Backfills as the command does with these arguments, and returns what came of it; throws what is no account's fault. */
export const backfillHere = async (
  args: readonly string[],
  { uri, url, secretKey = PLATFORM_KEYS.test }: MirrorPlace,
): Promise<FilledMirror> => {
  const request = backfillRequestOf(flagsOf(args), new Date())
  const settings = { stripeKey: secretKey, stripeApiBase: url, platformAccount: PLATFORM_ID }
  const receivers = { redisUrl: undefined, socketSecret: undefined }
  const config = { ...(await loadConfig({ mongodbUri: uri }, '/')), ...settings, ...receivers }
  const tally = new BackfillTally()
  const { signal } = new AbortController()
  // As many listen as requests are under way.
  setMaxListeners(0, signal)
  const log = openLog('silent')
  await backfillAccounts({ request, config, key: secretKey, tally, log, progress: silent, signal })
  return { hasFailures: tally.hasFailures, summary: tally.summary(0) }
}

/** The same as a step of a test: throws where anything could not be read or stored. */
export const fillMirror = async (args: readonly string[], place: MirrorPlace): Promise<void> => {
  const { hasFailures, summary } = await backfillHere(args, place)
  if (hasFailures) throw new TypeError(`the mirror has gaps: ${JSON.stringify(summary.errors)}`)
}

interface MirrorPlace {
  /** Connection string of the database. */
  readonly uri: string
  /** URL of the played Stripe. */
  readonly url: string
  readonly secretKey?: string
}
