// `backfill` of two accounts with stripe-mock as Stripe, twice: it reads all seven resources, and the second run changes
// nothing.

import { inFreshFolder, runBillingSync } from './billing-sync.mjs'

const accounts = ['acct_1RzH8nCdYs3GkVf6', 'acct_1RzH8nCdYs3GkVf7']
const resources = ['customers', 'products', 'subscriptions', 'invoices', 'charges', 'refunds', 'disputes']

/** Backfills twice and returns what is wrong, and a remark for each run. */
export const backfillTwice = (base) =>
  inFreshFolder(async (folder) => {
    const first = await backfill(base, folder)
    const second = await backfill(base, folder)
    return {
      problems: [
        ...problemsIn(first),
        ...(appliedIn(first).every((applied) => applied > 0) ? [] : ['the first run applied nothing']),
        ...problemsIn(second),
        ...(appliedIn(second).every((applied) => applied === 0) ? [] : ['the second run changed something']),
      ],
      remarks: [first, second].map(remarkOn),
    }
  })

const backfill = async (base, folder) => {
  const args = ['backfill', '--json', '--account', accounts.join()]
  const { exitCode, stdout, stderr } = await runBillingSync(args, { base, folder })
  if (stdout === '')
    throw new TypeError(`backfill ended with ${exitCode} and no summary: ${stderr.slice(-2_000)}`)
  return { exitCode, summary: JSON.parse(stdout) }
}

const problemsIn = ({ exitCode, summary }) => [
  ...(exitCode === 0 ? [] : [`it ended with ${exitCode}: ${JSON.stringify(summary.errors)}`]),
  ...accounts.flatMap((account) =>
    resources.flatMap((resource) => {
      const count = summary.accounts[account]?.[resource]
      const isRead = count?.complete === true && count.read > 0 && count.failed === 0
      return isRead ? [] : [`${account} ${resource}: ${JSON.stringify(count)}`]
    }),
  ),
]

// By account: a refund may have come with its charge.
const appliedIn = ({ summary }) =>
  accounts.map((account) =>
    Object.values(summary.accounts[account]).reduce((sum, { applied }) => sum + applied, 0),
  )

const remarkOn = ({ exitCode, summary }) => {
  const counts = Object.values(summary.accounts).flatMap((account) => Object.values(account))
  const sum = (name) => counts.reduce((total, count) => total + count[name], 0)
  return `ended with ${exitCode}: read ${sum('read')}, applied ${sum('applied')}, unchanged ${sum('unchanged')}, requests ${sum('requests')}`
}
