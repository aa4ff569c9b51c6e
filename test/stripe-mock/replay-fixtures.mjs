// `replay` of all fixtures by the built command, with stripe-mock as Stripe, on an embedded server of its own.

import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../../', import.meta.url))

/** Replays fixtures/*.json and returns the exit code, the summary of `--json` and what went to stderr. */
export const replayFixtures = async (base) => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-stripe-mock-'))
  const fixtures = join(project, 'fixtures')
  const names = (await readdir(fixtures)).filter((name) => name.endsWith('.json'))
  const replay = spawn(
    process.execPath,
    [join(project, 'bin/billing-sync.js'), 'replay', '--json', ...names.map((name) => join(fixtures, name))],
    {
      cwd: folder,
      // Nothing of the developer's own: not his database, not his config.
      env: {
        ...process.env,
        MONGODB_URI: '',
        BILLING_SYNC_CONFIG: '',
        STRIPE_SECRET_KEY: 'sk_test_123',
        STRIPE_API_BASE: base,
        // The fixtures are live events, and the key is one of test mode.
        BILLING_SYNC_MODE: 'any',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const ended = new Promise((resolve) => replay.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(replay.stdout), text(replay.stderr), ended])
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 })
  return { exitCode, stdout, stderr, files: names.length }
}
