// Every screen on a real terminal, as the built program shows it.

import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { wrapMongod } from '../store/embedded/running-server.ts'
import { program, terminal } from '../support/billing-sync.ts'
import { openTestDatabase } from '../support/database.ts'
import { awaitNoSupervisor } from '../support/embedded-environment.ts'
import { canaryEnvironment, noteLeaks } from '../support/leaks.ts'
import { nameUser } from '../support/named-user.ts'
import { webhookSecret } from '../support/serve-process.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../support/stripe/world.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const uri = await nameUser(await openTestDatabase(), 'sesame-of-mongodb')

const settings = {
  ...{ MONGODB_URI: uri, PORT: '0', STRIPE_WEBHOOK_SECRET: webhookSecret, BILLING_SYNC_CONFIG: '' },
  ...{ STRIPE_SECRET_KEY: '', REDIS_URL: '', SOCKET_SECRET: '', TERM: 'xterm-256color' },
  ...{ LINES: '24', COLUMNS: '80', ...canaryEnvironment },
  // Ink draws only its last frame where these are set, as a CI sets them.
  ...{ CI: undefined, CONTINUOUS_INTEGRATION: undefined },
}

const looks = new RegExp(`${'\u001b'}\\[[0-9;]*m`)
const colours = new RegExp(`${'\u001b'}\\[([0-9]+;)*3[1-7](;[0-9]+)*m`)

/** Runs the program on a terminal; Ctrl-C is typed once it shows a text that is waited for. */
const shown = async (
  args: readonly string[],
  own: Record<string, string>,
  awaited?: string,
  cwd = process.cwd(),
) => {
  const env = { ...settings, ...own }
  const child = execa('python3', [terminal, process.execPath, program, ...args], {
    ...{ env, cwd, stdin: 'pipe', reject: false },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let screen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
  })
  if (awaited !== undefined) {
    await until(() => screen.includes(awaited), `a screen with ${awaited}`)
    child.stdin.write('\x03')
  }
  const { exitCode, stderr } = await child
  noteLeaks({ args, env, stdout: screen, stderr })
  return { exitCode, screen }
}

const commands: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['serve --dashboard', ['serve', '--dashboard'], 'Failing accounts'],
  ['replay', ['replay', 'fixtures'], undefined],
]

describe.each(commands)('the terminal of %s', (_name, args, awaited) => {
  test('shows colours where nobody minds', async () => {
    const { exitCode, screen } = await shown(args, { NO_COLOR: '', FORCE_COLOR: '' }, awaited)
    expect(exitCode).toBe(0)
    expect(screen).toMatch(looks)
  })

  test('shows none where NO_COLOR is set', async () => {
    const { exitCode, screen } = await shown(args, { NO_COLOR: '1' }, awaited)
    expect(exitCode).toBe(0)
    expect(screen).not.toMatch(colours)
  })
})

/** What moves the cursor, erases or hides: everything but looks. */
const cursorControl = new RegExp(`${'\u001b'}\\[(?![0-9;]*m)`)

describe.each([
  ['in a CI', { CI: 'true' }],
  ['that is dumb', { TERM: 'dumb' }],
  ['without a size', { LINES: '0', COLUMNS: '0' }],
])('a terminal %s', (_name, own) => {
  test('gets the log of serve in place of the dashboard', async () => {
    const { exitCode, screen } = await shown(['serve', '--dashboard'], own, '"serving"')
    expect(exitCode).toBe(0)
    expect(screen).toContain('"listening on http')
    expect(screen).not.toMatch(cursorControl)
  })

  test('gets no screen of replay', async () => {
    const { exitCode, screen } = await shown(['replay', 'fixtures'], own)
    expect(exitCode).toBe(0)
    expect(screen).not.toMatch(cursorControl)
  })

  test('gets the log of a backfill, and what is waited for in it', async () => {
    const { command, env } = await heldBackfill()
    const { screen } = await shown(command, { ...env, ...own }, 'running 1')
    for (const said of ['backfilling, ', 'Ending: ']) expect(screen).toContain(`"msg":"${said}`)
    expect(screen).not.toMatch(cursorControl)
  })
})

test('a terminal in what is switched off as a CI shows the dashboard', async () => {
  const { screen } = await shown(['serve', '--dashboard'], { CI: 'false' }, 'Failing accounts')
  expect(screen).not.toContain('"listening on http')
})

test('a terminal in what is switched off as a CI shows what is waited for, until Ctrl-C', async () => {
  const cwd = await temporaryFolder()
  const mongod = await wrapMongod(`exec ${process.execPath} -e 'setTimeout(() => {}, 20_000)'`)
  const own = { MONGODB_URI: '', BILLING_SYNC_MONGOD: mongod, CI: 'false' }
  const { exitCode, screen } = await shown(['replay', '-'], own, ' Starting MongoDB', cwd)
  // By Ctrl-C: what it waits for would end it with 1.
  expect(exitCode).toBe(130)
  expect(screen).toMatch(cursorControl)
  await awaitNoSupervisor(join(cwd, '.billing-sync'))
})

test('what is said once the end is asked for fits a low window, too', async () => {
  const { command, env } = await heldBackfill()
  const { screen } = await shown(command, { ...env, LINES: '4' }, 'running 1')
  expect(screen).toContain('Ending: ')
  // How a frame is drawn that is as high as the window.
  expect(screen).not.toContain('\u001b[2J')
})

/** A backfill that waits for Stripe's answer. */
const heldBackfill = async () => {
  const { server, world } = await playStripe()
  world.account('acct_1')
  server.hold({ path: '/v1/customers' }, { times: 1 })
  const stripe = { STRIPE_API_BASE: server.url, STRIPE_SECRET_KEY: PLATFORM_KEYS.test }
  return {
    command: ['backfill', '--account', 'acct_1', '--resource', 'customers'],
    env: { ...stripe, STRIPE_ACCOUNT_ID: PLATFORM_ID },
  }
}
