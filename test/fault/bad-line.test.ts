// `serve` and MongoDB are well, and the line between them is not. Run by `npm run test:faults`, it stays bad for longer.

import { expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { startServeForTest } from '../support/serve-process.ts'
import { lines, startTcpProxy } from '../support/tcp-proxy.ts'
import { until, untilStored } from '../support/until.ts'
import { expectHonest, keepDelivering, last, promised } from './honest-answers.ts'

/** How long each line is kept once it was noticed. */
const badMs = process.env.FULL === '1' ? 20_000 : 0

const { db, uri } = await openTestDatabase()
const events = db.collection('billing.events')

/** The database as it is reached through a port; a set's own name of its member would lead around it. */
const through = (port: number): string => {
  const url = new URL(uri)
  url.port = String(port)
  url.searchParams.delete('replicaSet')
  url.searchParams.set('directConnection', 'true')
  return url.href
}

test('every bad line to MongoDB costs refusals that are honest and in time, and nothing else', {
  timeout: 240_000,
}, async () => {
  const proxy = await startTcpProxy(Number(new URL(uri).port))
  const serve = await startServeForTest({ uri: through(proxy.port) })
  const load = keepDelivering(serve.webhooks, 1_000)
  for (const name of ['slow', 'narrow', 'dead', 'broken'] as const) {
    await until(() => last(load.results, 200), 'sixteen answers 200')
    const before = load.results.length
    proxy.become(lines[name])
    const refused = () => load.results.slice(before).filter(({ status }) => status === 503)
    await until(() => refused().length >= 16, `sixteen answers 503 over a ${name} line`)
    const noticed = performance.now()
    await until(() => performance.now() - noticed >= badMs, 'the end of the bad line')
    proxy.become(lines.good)
    const mended = performance.now()
    await until(() => load.results.at(-1)?.status === 200, `an answer 200 after a ${name} line`)
    expect(performance.now() - mended).toBeLessThan(promised.recoveryMs)
  }
  await load.stop()
  await expectHonest(load.results, uri)
  await untilStored(events, { status: { $ne: 'done' } }, 0)
  expect(await db.collection('billing.charges').countDocuments()).toBe(await events.countDocuments())
  expect(await serve.stop()).toMatchObject({ exitCode: 0 })
})
