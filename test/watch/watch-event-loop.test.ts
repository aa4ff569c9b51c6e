import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { startServeForTest } from '../support/serve-process.ts'
import { until } from '../support/until.ts'

const preload = fileURLToPath(new URL('../fault/stall.mjs', import.meta.url))
const { uri } = await openTestDatabase()

test('a process that stood still is not ready for a while', async () => {
  const serve = await startServeForTest({
    uri,
    args: ['--role', 'ingest'],
    env: { NODE_OPTIONS: `--import=${preload}`, STALL_MS: '1500' },
  })
  const isReady = async () => (await fetch(`${serve.url}/readyz`)).ok
  await until(isReady, 'a process that is ready')
  process.kill(serve.pid, 'SIGUSR2')
  await serve.awaitLine(
    ({ msg, ms }) => String(msg).startsWith('the process stood still') && Number(ms) > 1_000,
  )
  const answer = await fetch(`${serve.url}/readyz`)
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { ready: false, reason: 'stood_still', degraded: [] },
  ])
  expect((await fetch(`${serve.url}/healthz`)).status).toBe(200)
  await until(isReady, 'a process that is ready again')
})
