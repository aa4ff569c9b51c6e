// `replay` of all fixtures with stripe-mock as Stripe.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inFreshFolder, project, runBillingSync } from './billing-sync.mjs'

/** Replays fixtures/*.json and returns the exit code, the summary of `--json` and what went to stderr. */
export const replayFixtures = (base) =>
  inFreshFolder(async (folder) => {
    const fixtures = join(project, 'fixtures')
    const names = (await readdir(fixtures)).filter((name) => name.endsWith('.json'))
    const args = ['replay', '--json', ...names.map((name) => join(fixtures, name))]
    return { ...(await runBillingSync(args, { base, folder })), files: names.length }
  })
