import { expect, test } from 'vitest'
import { runBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { openTestRedis } from '../../support/redis-server.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const [{ uri }, redis] = await Promise.all([openTestDatabase(), openTestRedis()])

/** Stripe's limits of an account in test mode, strictly kept: what is above them is a violation. */
const limits = { perEndpoint: 25, perAccount: 25 }

const strictStripe = async () => {
  const played = await playStripe({ limits })
  populate(played.world.account('acct_1'), { products: 1_500, customers: 1_500, secondsApart: 60 })
  played.world.clock.run()
  return played
}

// A dry run claims no account, so that two of them read the same one.
const command = ['--account', 'acct_1', '--resource', 'customers,products', '--dry-run']

test('one process keeps to the limits of its key', async () => {
  const { server } = await strictStripe()
  const { exitCode } = await runBackfill(command, { uri, url: server.url })
  expect({ exitCode, violations: server.limits.violations }).toEqual({ exitCode: 0, violations: [] })
  expect(server.requests.count()).toBeGreaterThan(limits.perAccount)
})

test('processes that share a Redis keep to the limits together', async () => {
  const { server } = await strictStripe()
  const place = { uri, url: server.url, env: { REDIS_URL: redis.url } }
  const both = await Promise.all([runBackfill(command, place), runBackfill(command, place)])
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
  expect(server.limits.violations).toEqual([])
  expect(server.requests.count()).toBeGreaterThan(2 * limits.perAccount)
})
