// The built `backfill` of one account with Stripe's limits lifted, which no option does: node backfill-unpaced.mjs
// <account> <resource,…>, the rest from the environment. Prints the summary as `--json` does.

import { backfillOne } from '../../dist/commands/backfill/backfill-one.js'
import { backfillRequestOf } from '../../dist/commands/backfill/backfill-request.js'
import { openBackfill } from '../../dist/commands/backfill/open-backfill.js'
import { openBackfillStripe } from '../../dist/commands/backfill/open-backfill-stripe.js'
import { deliveringNotices } from '../../dist/commands/opening/deliver-notices.js'
import { compileLater } from '../../dist/commands/shell/compile-later.js'
import { loadConfig } from '../../dist/config/config.js'
import { boundHeapGrowth } from '../../dist/heap-growth.js'
import { openLog } from '../../dist/log.js'
import { BackfillTally } from '../../dist/sources/backfill/backfill-tally.js'
import { runAccounts } from '../../dist/sources/backfill/run-accounts.js'
import { plainHttpClient } from '../../dist/sources/stripe/account-client.js'
import { memoryLimiter, Pace } from '../../dist/sources/stripe/pace.js'
import { openDatabase } from '../../dist/store/database.js'

const [account, resources] = process.argv.slice(2)

/** More requests a second than any of them makes. */
const limits = { perEndpoint: 10_000, inAll: 10_000 }

boundHeapGrowth()
compileLater()
const { signal } = new AbortController()
const config = await loadConfig({})
const request = backfillRequestOf({ account: [account], resource: [resources], effects: 'none' }, new Date())
const log = openLog('warn')
const listener = { onProgress: () => undefined, onEmbedded: () => undefined }
const database = await openDatabase(config, listener, { readOnly: false })
const tally = new BackfillTally()
const opened = await openBackfill({
  ...{ request, config, key: config.stripeKey, database, failures: tally.failures, log, signal },
  onDerived: () => undefined,
})
const pace = new Pace({
  ...{ owner: 'bench', limits, limiter: memoryLimiter() },
  ...{ requestsPerSecond: null, share: 'lists', isKept: () => false },
})
const stripe = openBackfillStripe(config, {
  calls: { key: config.stripeKey, paceOf: () => pace, httpClient: plainHttpClient(), close: () => undefined },
  platformAccount: config.platformAccount,
  accessTokenOf: async () => null,
})
const run = { ...opened.run, stripe }
const tallies = [tally.add(account, request.resources)]
// From here on, as the raw one beside it: neither counts how long its database takes to open.
const started = performance.now()
await deliveringNotices({ config, database, log, signal }, async () => {
  await runAccounts({ tallies, accountsAtOnce: 1, signal, backfill: (one) => backfillOne(one, run) })
  await run.positions.end({ unfinished: [], elsewhere: [] })
})
const summary = tally.summary(performance.now() - started)
opened.close()
await database.close()
process.stdout.write(JSON.stringify(summary))
