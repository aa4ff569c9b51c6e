// A mirror as an earlier backfill left it, for tests of what comes after: in this process, by the command's own code, since
// a start of the program costs more than what it reads. What a test is about it runs as a user would.

import { setMaxListeners } from 'node:events'
import { backfillAccounts } from '../../src/commands/backfill/backfill-accounts.ts'
import { type BackfillFlags, backfillRequestOf } from '../../src/commands/backfill/backfill-request.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/log.ts'
import { BackfillTally } from '../../src/sources/backfill/backfill-tally.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from './stripe/world.ts'

const silent = {
  onProgress: () => undefined,
  onEmbedded: () => undefined,
  start: async () => undefined,
  stop: () => undefined,
}

/** Backfills accounts into a database; throws where anything of them could not be read or stored. */
export const fillMirror = async (
  flags: Partial<BackfillFlags>,
  { uri, url }: { readonly uri: string; readonly url: string },
): Promise<void> => {
  const request = backfillRequestOf({ effects: 'none', ...flags }, new Date())
  const key = PLATFORM_KEYS.test
  const settings = { stripeKey: key, stripeApiBase: url, platformAccount: PLATFORM_ID }
  const receivers = { redisUrl: undefined, socketSecret: undefined }
  const config = {
    ...(await loadConfig({ mongodbUri: uri }, '/')),
    ...settings,
    ...receivers,
    livemode: false,
  }
  const tally = new BackfillTally()
  const { signal } = new AbortController()
  // As many listen as requests are under way.
  setMaxListeners(0, signal)
  const log = openLog('silent')
  await backfillAccounts({ request, config, key, tally, log, progress: silent, signal })
  if (tally.hasFailures)
    throw new TypeError(`the mirror has gaps: ${JSON.stringify(tally.summary(0).errors)}`)
}
