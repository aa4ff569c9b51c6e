// Stripe's own fake of its API: found on PATH, or built by Go into a folder of this run.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const module = 'github.com/stripe/stripe-mock@latest'

/** Starts stripe-mock on a free port of the loopback and returns its base, its version and what ends it. */
export const startStripeMock = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-stripe-mock-'))
  const program = isOnPath() ? 'stripe-mock' : build(folder)
  const version = spawnSync(program, ['-version'], { encoding: 'utf8' }).stdout.trim()
  const port = await freePort()
  const server = spawn(program, ['-http-addr', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  await listening(server)
  const stop = async () => {
    server.kill()
    await once(server, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
  return { base: `http://127.0.0.1:${port}`, version, stop }
}

const isOnPath = () => spawnSync('stripe-mock', ['-version']).status === 0

const build = (folder) => {
  process.stdout.write(`stripe-mock is not on PATH: building ${module}\n`)
  const built = spawnSync('go', ['install', module], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (built.status !== 0)
    throw new TypeError(`expected stripe-mock on PATH or Go to build it; try: go install ${module}`)
  return join(folder, 'stripe-mock')
}

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

const listening = async (server) => {
  for await (const text of server.stdout.iterator({ destroyOnReturn: false })) {
    if (String(text).includes('Listening for HTTP at')) break
  }
  // Nobody reads the rest, and a full pipe would stop the server.
  server.stdout.resume()
  if (server.exitCode !== null) throw new TypeError(`stripe-mock ended with ${server.exitCode}`)
}
