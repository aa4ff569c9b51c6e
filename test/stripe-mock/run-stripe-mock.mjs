// `npm run test:stripe-mock`: every retrieve, a replay of all fixtures, and a backfill of two accounts, against Stripe's
// own fake of its API. Fails when a retrieve fails, when the replay ends otherwise than by its own count of failures
// (those are listed by code, for stripe-mock answers the same example for every id and knows nothing of the fixtures'
// objects), or when a resource is not read, or changed by a second backfill.

import { pinnedApiVersion } from '../../dist/sources/stripe/api-version.js'
import { backfillTwice } from './backfill-twice.mjs'
import { replayFixtures } from './replay-fixtures.mjs'
import { retrieveChecks } from './retrieve-all.mjs'
import { startStripeMock } from './stripe-mock-server.mjs'

const say = (line) => process.stdout.write(`${line}\n`)

const runChecks = async (base) => {
  let failed = 0
  const checks = Object.entries(retrieveChecks(base))
  for (const [name, check] of checks) {
    try {
      const remark = await check()
      say(`ok    ${name}${remark ? `: ${remark}` : ''}`)
    } catch (error) {
      failed += 1
      say(`FAIL  ${name}: ${error.message}`)
    }
  }
  say(`${checks.length - failed} of ${checks.length} retrieves passed`)
  return failed
}

const runReplay = async (base) => {
  const { exitCode, stdout, stderr, files } = await replayFixtures(base)
  const summary = readSummary(stdout)
  if (summary === null) {
    say(`FAIL  replay of ${files} files ended with ${exitCode} and no summary: ${stderr.slice(-2_000)}`)
    return 1
  }
  const { failures, ...counts } = summary
  say(`replay of ${files} files ended with ${exitCode}: ${JSON.stringify(counts)}`)
  for (const [cause, count] of byCause(failures)) say(`      ${count} × ${cause}`)
  const { read, failed, invalid, ignored } = summary
  const isExplained = exitCode === (failed + invalid > 0 ? 1 : 0) && failures.length === failed + invalid
  // Most fixtures are about objects that are read from Stripe, so most events must have got there.
  if (isExplained && ignored < read / 2) return 0
  say('FAIL  the exit code or the failures listed do not fit the counts, or most events were ignored')
  return 1
}

const runBackfills = async (base) => {
  const { problems, remarks } = await backfillTwice(base)
  for (const [index, remark] of remarks.entries()) say(`backfill ${index + 1} ${remark}`)
  for (const problem of problems) say(`FAIL  backfill: ${problem}`)
  return problems.length
}

const readSummary = (stdout) => {
  try {
    return JSON.parse(stdout)
  } catch {
    return null
  }
}

const byCause = (failures) => {
  const counts = new Map()
  for (const { code, error } of failures) {
    const cause = `${code}: ${error}`
    counts.set(cause, (counts.get(cause) ?? 0) + 1)
  }
  return counts
}

const mock = await startStripeMock()
say(`stripe-mock ${mock.version} at ${mock.base}; asked in ${pinnedApiVersion}`)
try {
  const failed = (await runChecks(mock.base)) + (await runReplay(mock.base)) + (await runBackfills(mock.base))
  process.exitCode = failed === 0 ? 0 : 1
} finally {
  await mock.stop()
}
