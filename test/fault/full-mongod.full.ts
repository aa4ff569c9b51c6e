// A MongoDB whose disk is full: it ends in the middle of its work, as mongod does, and comes back when there is room.

import { randomBytes } from 'node:crypto'
import { type Binary, MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { numberedEvent } from '../support/deliveries.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { type DeliveryResult, deliver } from '../support/stripe/deliver.ts'
import { until, untilStored } from '../support/until.ts'

const mongod = await prepareMongodServer()

const megabyte = 1024 * 1024

/** Nothing of it gets smaller when it is compressed. */
const noiseBytes = 400_000

/** How many such events more than fill what is left, however few of them are in a file. */
const mostEvents = 400

/** Bytes that a file may have in each round: the first stands for a small disk, the second for one enlarged too little. */
const limits = [20 * megabyte, 45 * megabyte]

/** Delivers until the server has taken no more for a while. */
const fill = async (url: string, first: number): Promise<readonly DeliveryResult[]> => {
  const results: DeliveryResult[] = []
  for (let number = first; number < first + mostEvents; number += 1) {
    const description = randomBytes(noiseBytes).toString('base64')
    results.push(
      ...(await deliver([{ ...numberedEvent(number, { changes: { description } }) }], { url, secret })),
    )
    if (results.slice(-5).length === 5 && results.slice(-5).every(({ status }) => status === 503)) break
  }
  return results
}

test('a full disk costs nothing that was acknowledged', { timeout: 200_000 }, async () => {
  await mongod.start(limits[0])
  const serve = await startServeForTest({ uri: mongod.uri })
  const acknowledged: string[] = []
  for (const [round, next] of [limits[1], undefined].entries()) {
    const results = await fill(serve.webhooks, 1 + round * mostEvents)
    expect([...new Set(results.map(({ status }) => status))].sort()).toEqual([200, 503])
    expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(4_000)
    acknowledged.push(...results.filter(({ status }) => status === 200).map(({ eventId }) => eventId ?? ''))
    expect((await fetch(`${serve.url}/readyz`)).status).toBe(503)
    await mongod.kill()
    await mongod.start(next)
    await until(async () => (await fetch(`${serve.url}/readyz`)).ok, 'a serve that is ready again')
  }
  console.log(`${acknowledged.length} events acknowledged around two full disks`)
  const client = new MongoClient(mongod.uri)
  onTestFinished(() => client.close())
  const events = client.db().collection('billing.events')
  await untilStored(events, { event_id: { $in: acknowledged }, status: 'done' }, acknowledged.length)
  const charges = client.db().collection('billing.charges')
  for await (const { event_id, payload } of events.find({ event_id: { $in: acknowledged } })) {
    const { object } = JSON.parse((payload as Binary).toString('utf8')).data // bytes, as they were received
    const stored = await charges.findOne({ stripe_id: object.id })
    expect(stored?.description === object.description, event_id).toBe(true)
  }
  for (const name of ['billing.events', 'billing.charges', 'billing.accounts'])
    expect(await client.db().command({ validate: name, full: true })).toMatchObject({ valid: true })
  expect(await serve.stop()).toMatchObject({ exitCode: 0 })
})
