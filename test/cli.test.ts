import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { program, runInShell, runProgram } from './support/billing-sync.ts'
import { openTestDatabase } from './support/database.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

describe('bad usage', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['an unknown command', ['frobnicate'], /frobnicate.* \(see billing-sync --help\)/],
    ['help of an unknown command', ['help', 'nonsense'], /"nonsense" \(see billing-sync --help\)/],
    [
      'an unknown option',
      ['replay', 'x.json', '--frobnicate'],
      /--frobnicate.* \(see billing-sync replay --help\)/,
    ],
    [
      'a mistyped option, without the secret that it was given',
      ['replay', 'x', '--mongodb-url=mongodb://u:sesame@h/'],
      /^(?!.*sesame).*'--mongodb-url' \(see billing-sync replay --help\)/,
    ],
    ['an option without its value', ['replay', 'x.json', '--rate'], /--rate/],
    ['no input at all', ['replay'], /name files.*--stored.* \(see billing-sync replay --help\)/],
    ['no account', ['backfill'], /--account.* \(see billing-sync backfill --help\)/],
    ['a role that there is not', ['serve', '--role', 'x'], /--role.* \(see billing-sync serve --help\)/],
    ['--status without --stored', ['replay', 'x.json', '--status', 'dead'], /--status.*--stored/],
    ['files with --stored', ['replay', 'x.json', '--stored'], /--stored/],
    ['a status that there is not', ['replay', '--stored', '--status', 'lost'], /--status.*lost/],
    ['an effect that there is not', ['replay', 'x.json', '--effects', 'all'], /--effects.*all/],
    ['a rate of nothing', ['replay', 'x.json', '--rate', '0'], /--rate.*"0"/],
    ['a rate without bounds', ['replay', 'x.json', '--rate', '1e99'], /--rate.* to 1000000 .*"1e99"/],
    ['a date that is none', ['replay', 'x.json', '--since', 'yesterday'], /--since.*yesterday/],
    [
      'a range that ends before it begins',
      ['replay', 'x', '--since', '1d', '--until', '2d'],
      /--since.*--until/,
    ],
    ['an empty value in a list', ['replay', 'x.json', '--id', 'evt_1,'], /--id/],
    ['a level that there is not', ['replay', 'x.json', '--log-level', 'loud'], /--log-level/],
    ['no connection string', ['replay', 'x.json', '--mongodb-uri', 'localhost'], /--mongodb-uri/],
    ['a config file that is missing', ['replay', 'x.json', '--config', 'none.json'], /none\.json/],
  ])('ends with 2 and one line for %s', async (_, args, named) => {
    const { exitCode, stdout, stderr } = await runProgram([...args, '--json'])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^billing-sync: [^\n]+\n$/)
    expect(stderr).toMatch(named)
  })

  test('is told alike with and without --json', async () => {
    const [plain, json] = await Promise.all([[], ['--json']].map((more) => runProgram(['replay', ...more])))
    expect(plain).toEqual(json)
  })

  test('shows the help on stderr where no command is named', async () => {
    const { exitCode, stdout, stderr } = await runProgram([])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain('replay')
  })

  test.each<[string, Readonly<Record<string, string>>]>([
    ['MONGODB_URI', { MONGODB_URI: 'postgres://user:sekret@host/x' }],
    ['REDIS_URL', { REDIS_URL: 'http://user:sekret@host' }],
    ['REDIS_URL', { REDIS_URL: 'redis://user:sekret@' }],
    ['STRIPE_API_BASE', { STRIPE_API_BASE: 'http://sekret:sekret' }],
    ['STRIPE_SECRET_KEY', { STRIPE_SECRET_KEY: 'sekret' }],
    ['STRIPE_SECRET_KEY', { STRIPE_SECRET_KEY: 'pk_test_sekret' }],
    ['BILLING_SYNC_ENCRYPTION_KEY', { BILLING_SYNC_ENCRYPTION_KEY: 'sekret' }],
  ])('names the variable %s and keeps its value to itself', async (name, env) => {
    const { exitCode, stdout, stderr } = await runProgram(['replay', 'x.json'], { env })
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(new RegExp(`^billing-sync: ${name}: [^\\n]+\\n$`))
    expect(stderr).not.toContain('sekret')
  })
})

describe('the help', () => {
  test('names every command and is no error', async () => {
    const { exitCode, stdout, stderr } = await runProgram(['--help'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^ {2}replay /m)
  })

  test('of one command is shown by its name, too', async () => {
    const [named, flagged] = await Promise.all([
      runProgram(['help', 'replay']),
      runProgram(['replay', '--help']),
    ])
    expect(named).toEqual(flagged)
  })

  test('fits into 80 columns without a control character', async () => {
    for (const args of [['--help'], ...['serve', 'backfill', 'replay'].map((name) => [name, '--help'])]) {
      const { stdout } = await runProgram(args)
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
      expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    }
  })

  test.each(['serve', 'backfill', 'replay'])(
    'of %s shows examples that the program takes',
    async (command) => {
      const { stdout } = await runProgram([command, '--help'])
      const [, shown = ''] = stdout.split('Examples:')
      const examples = [...shown.matchAll(/billing-sync ((?:serve|backfill|replay) .*|serve)$/gm)].map(
        ([, line = '']) => line,
      )
      expect(examples.length).toBeGreaterThanOrEqual(4)
      const runs = examples.map((example) => {
        const args = example.split(' ').map((word) => word.replaceAll("'", ''))
        // The config file is looked at last of all that a user typed.
        return runProgram([...args, '--config', 'none.json'])
      })
      for (const { stderr } of await Promise.all(runs))
        expect(stderr).toBe('billing-sync: --config: there is no file none.json\n')
    },
  )

  test('shows no setting that is a secret', async () => {
    const env = { STRIPE_SECRET_KEY: 'sk_test_sekret123', MONGODB_URI: 'mongodb://user:sekret@host/x' }
    const { stdout } = await runProgram(['replay', '--help'], { env })
    expect(stdout).not.toContain('sekret')
  })
})

test.each([['replay', 'a.json', '--json'], ['backfill', '--all-accounts', '--json'], ['serve']])(
  'a working directory that was removed is named in a line, with the remedy: %s',
  async (...args) => {
    const line = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"'
    const { exitCode, stdout, stderr } = await runInShell(line, args, { cwd: await temporaryFolder() })
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^billing-sync: working directory: cannot be found \(ENOENT\), .*; change to a .*\n$/,
    )
  },
)

test('the version is that of the package', async () => {
  for (const args of [['--version'], ['replay', '--version']]) {
    const { exitCode, stdout } = await runProgram(args)
    expect([exitCode, stdout]).toEqual([0, `${version}\n`])
  }
})

test('a program that is not installed whole says so in a line', async () => {
  const entry = await readFile(program, 'utf8')
  const folder = await temporaryFolder({ 'package.json': '{"type":"module"}', 'bin/billing-sync.js': entry })
  const node = execa(process.execPath, [join(folder, 'bin/billing-sync.js'), '--help'], { reject: false })
  const { exitCode, stdout, stderr } = await node
  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^billing-sync: Cannot find module .*cli\.js.*; run npm ci in its folder first$/)
})

describe('an unforeseen error', async () => {
  const database = await openTestDatabase()
  // The driver's own, which nothing translates: its module for this way to compress is not there.
  const uri = `${database.uri}&compressors=zstd`
  const report = 'billing-sync: unexpected MongoMissingDependencyError; please report it with what you ran\n'

  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ['--log-level debug', ['--log-level', 'debug'], {}],
    ['--log-level=debug', ['--log-level=debug'], {}],
    ['--log-level trace', ['--log-level', 'trace'], {}],
    ['LOG_LEVEL=debug', [], { LOG_LEVEL: 'debug' }],
    ['a config file', ['--config', 'debugging.json'], {}],
  ])('tells where it came from with %s', async (_, args, env) => {
    const cwd = await temporaryFolder({ 'debugging.json': '{"logLevel":"debug"}' })
    const { exitCode, stderr } = await runProgram(['replay', '.', '--mongodb-uri', uri, ...args], {
      cwd,
      env,
    })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^billing-sync: MongoMissingDependencyError: .*zstd.*\n(?:.*\n)*? +at /m)
    expect(stderr.endsWith(report)).toBe(true)
  })

  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ['an input named debug', ['debug'], {}],
    ['a flag that says more than LOG_LEVEL', ['--log-level', 'info'], { LOG_LEVEL: 'debug' }],
  ])('keeps its text to itself with %s', async (_, args, env) => {
    const cwd = await temporaryFolder({ debug: '[]' })
    const { exitCode, stderr } = await runProgram(['replay', '.', '--mongodb-uri', uri, ...args], {
      cwd,
      env,
    })
    expect(exitCode).toBe(1)
    expect(stderr).not.toContain('zstd')
    expect(stderr.endsWith(report)).toBe(true)
  })

  test('keeps its text to itself where nobody awaited it, as that of a library may be', async () => {
    // Thrown once the command has begun: it listens for signals by then.
    const thrower = `const look = setInterval(() => {
      if (process.listenerCount('SIGTERM') === 0) return
      clearInterval(look)
      throw new TypeError('no route to mongodb://u:sesame@db')
    }, 5)`
    const { exitCode, stderr } = await runProgram(['replay', '-', '--mongodb-uri', database.uri], {
      stdin: 'pipe',
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrower)}` },
    })
    expect(exitCode).toBe(1)
    expect(stderr).toBe('billing-sync: unexpected TypeError; please report it with what you ran\n')
  })
})
