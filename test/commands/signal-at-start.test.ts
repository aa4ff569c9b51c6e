// A signal while the embedded server is started for a command, which may take long: it is fetched first.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wrapMongod } from '../store/embedded/running-server.ts'
import { startProgram } from '../support/billing-sync.ts'
import { awaitNoSupervisor } from '../support/embedded-environment.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const settings = {
  STRIPE_SECRET_KEY: 'sk_test_of_the_platform',
  STRIPE_WEBHOOK_SECRET: 'whsec_of_the_platform',
}

test.each([
  ['replay', ['replay', '-'], 143],
  ['backfill', ['backfill', '--account', 'acct_1'], 143],
  ['serve', ['serve', '--port', '0'], 0],
])('%s ends with the first signal, and its server with it', async (_name, args, exitCode) => {
  const cwd = await temporaryFolder()
  // Leaves a trace where it is not ended before it ends by itself, as it does while a test may wait for it.
  const trace = join(cwd, 'waited-for')
  const giveUp = `setTimeout(() => require("fs").writeFileSync("${trace}", ""), 20_000)`
  const mongod = await wrapMongod(`exec ${process.execPath} -e '${giveUp}'`)
  const command = startProgram([...args, '--log-level', 'info'], {
    cwd,
    env: { ...settings, BILLING_SYNC_MONGOD: mongod },
  })
  command.stderr?.on('data', (text) => {
    if (String(text).includes('Starting MongoDB')) command.kill('SIGTERM')
  })
  const ended = await command
  expect(ended).toMatchObject({ exitCode })
  // Nothing is wrong with MongoDB.
  expect(ended.stderr).not.toContain('MongoDB is away')
  await awaitNoSupervisor(join(cwd, '.billing-sync'))
  expect(existsSync(trace)).toBe(false)
})
