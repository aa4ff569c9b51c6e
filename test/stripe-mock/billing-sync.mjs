// The built command with stripe-mock as Stripe, in a folder of its own with an embedded server of its own.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const project = fileURLToPath(new URL('../../', import.meta.url))

/** Runs work with a fresh folder, which is removed once the embedded server has let it go. */
export const inFreshFolder = async (work) => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-stripe-mock-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 })
  }
}

/** Runs a command in a folder and returns the exit code, what it printed, and what went to stderr. */
export const runBillingSync = async (args, { base, folder }) => {
  const child = spawn(process.execPath, [join(project, 'bin/billing-sync.js'), ...args], {
    cwd: folder,
    // Nothing of the developer's own: not his database, not his config.
    env: {
      ...process.env,
      MONGODB_URI: '',
      BILLING_SYNC_CONFIG: '',
      REDIS_URL: '',
      SOCKET_SECRET: '',
      STRIPE_SECRET_KEY: 'sk_test_123',
      STRIPE_API_BASE: base,
      // stripe-mock answers another one each time that it is asked.
      STRIPE_ACCOUNT_ID: 'acct_1RzH8nCdYs3GkVf5',
      // The fixtures are live events, and the key is one of test mode.
      BILLING_SYNC_MODE: 'any',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { exitCode, stdout, stderr }
}
