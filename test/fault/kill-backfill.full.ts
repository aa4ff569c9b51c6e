import { createHash } from 'node:crypto'
import { BSON } from 'mongodb'
import { expect, test } from 'vitest'
import { type BackfillPlace, runBackfill, startBackfill } from '../support/backfill-command.ts'
import { openTestDatabase } from '../support/database.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import { populate } from '../support/stripe/population.ts'
import { PLATFORM_KEYS } from '../support/stripe/world.ts'
import { seededRandom } from './seeded-random.ts'

const { db, uri } = await openTestDatabase()

/** Moments, the part of the requests that a kill may cost on average, and the most pages that are in memory. */
const kills = Number(process.env.KILLS ?? 100)
const mostMore = 0.05
const mostPages = 16

const command = ['--account', 'acct_1', '--resource', 'customers,products']

/** A played Stripe whose answers take as long as it needs for several to be under way at once. */
const grownAccount = async () => {
  const played = await playStripe({ mode: 'live', latencyMs: 20 })
  const objects = 10_000
  played.world.clock.advance(-86_400)
  populate(played.world.account('acct_1'), { customers: objects, products: objects, secondsApart: 600 })
  played.world.clock.run()
  const place: BackfillPlace = { uri, url: played.server.url, secretKey: PLATFORM_KEYS.live }
  return { server: played.server, place }
}

/** A fingerprint of everything that is mirrored, what billing-sync notes about it left out. */
const mirrored = async (): Promise<string> => {
  const hash = createHash('sha256')
  for (const name of ['billing.customers', 'billing.products'])
    for await (const document of db
      .collection(name)
      .find({}, { projection: { sync: 0 } })
      .sort({ _id: 1 }))
      hash.update(BSON.serialize(document))
  return hash.digest('hex')
}

/** Every document is told of once, however often its page is read. */
const created = async (): Promise<number> =>
  db.collection('queue.jobs').countDocuments({ kind: /\.created$/ })

test('a backfill killed anywhere ends equal, at hardly more requests', { timeout: 3_000_000 }, async () => {
  const { server, place } = await grownAccount()
  const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
  console.log(`PROPERTY_SEED=${seed}`)
  const random = seededRandom(seed)
  expect((await runBackfill(command, place)).exitCode).toBe(0)
  const undisturbed = {
    requests: server.requests.count(),
    mirror: await mirrored(),
    created: await created(),
  }
  const requests: number[] = []
  for (let kill = 0; kill < kills; kill += 1) {
    await db.dropDatabase()
    server.requests.clear()
    const { child } = await startBackfill(command, place)
    const moment = 1 + Math.floor(random() * (undisturbed.requests - 1))
    await Promise.race([server.requests.waitFor({}, moment), child])
    child.kill('SIGKILL')
    await child
    const { exitCode, summary, stderr } = await runBackfill(command, place)
    expect(exitCode, `${JSON.stringify(summary)}\n${stderr}`).toBe(0)
    requests.push(server.requests.count())
    expect({ mirror: await mirrored(), created: await created() }).toMatchObject({
      mirror: undisturbed.mirror,
      created: undisturbed.created,
    })
  }
  const mean = requests.reduce((sum, count) => sum + count, 0) / requests.length
  console.log(
    `${kills} kills: ${undisturbed.requests} requests undisturbed, ${mean.toFixed(1)} on average, ${Math.max(...requests)} at most`,
  )
  expect(mean).toBeLessThanOrEqual(undisturbed.requests * (1 + mostMore))
  expect(Math.max(...requests)).toBeLessThanOrEqual(undisturbed.requests + mostPages)
})
