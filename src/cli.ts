// The program: its commands, their options and how errors end it. Commands are loaded on demand, so that `--help`
// and bad usage answer at once.

import { createRequire } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import type { BackfillFlags } from './commands/backfill/backfill-request.ts'
import type { ReplayFlags } from './commands/replay/replay-request.ts'
import type { ServeFlags } from './commands/serve/serve.ts'
import type { ConfigFlags } from './config/config.ts'
import { BillingSyncError } from './errors.ts'
import { boundHeapGrowth } from './heap-growth.ts'
import { type CompletedShell, completedShells, completionScript } from './shell-completion.ts'

const { version } = createRequire(import.meta.url)('#package.json') as { version: string } // wherever this file is bundled

const usageExitCode = 2

const withCommonOptions = (command: Command): Command =>
  command
    .option(
      '--mongodb-uri <uri>',
      'MongoDB connection string (default: MONGODB_URI, else an embedded server)',
    )
    .option('--config <file>', 'config file (default: billing-sync.config.json where there is one)')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .option('--json', 'print the result as one JSON document on stdout')
    .version(version, '--version', 'print the version')

const collect = (value: string, given: readonly string[] = []): readonly string[] => [...given, value]

const serveCommand = (): Command =>
  withCommonOptions(new Command('serve'))
    .description('take webhooks in, work them off and tell the queue and the Support UI, until it is stopped')
    .option('--port <port>', 'port to listen on (default: PORT, else 4242)')
    .option('--host <host>', 'address to listen on (default: HOST, else 127.0.0.1)')
    .addOption(
      new Option('--role <role>', 'take webhooks in (ingest), work them off (work), or both')
        .choices(['all', 'ingest', 'work'])
        .default('all'),
    )
    .option('--catch-up', 'ask Stripe for events that webhooks did not bring; needs STRIPE_SECRET_KEY')
    .option('--dashboard', 'show rates, lag, failing accounts and the last events, on a terminal')
    .addHelpText(
      'after',
      `
Endpoints: POST /webhooks/stripe, GET /healthz, /readyz and /metrics,
and /socket.io where SOCKET_SECRET is set.

Examples:
  STRIPE_WEBHOOK_SECRET=whsec_… billing-sync serve
  billing-sync serve --host 0.0.0.0 --mongodb-uri 'mongodb://db/?replicaSet=rs0'
  billing-sync serve --catch-up
  billing-sync serve --role ingest`,
    )
    .action(async (flags: ServeFlags & ConfigFlags) => {
      const { runServe } = await import('./commands/serve/serve.ts')
      process.exitCode = await runServe(flags)
    })

const replayCommand = (): Command =>
  withCommonOptions(new Command('replay'))
    .description(
      'run events of files, those stored already, or those that Stripe keeps, through the handlers again',
    )
    .usage('[<file|dir|->…] | --stored | --from-stripe [options]')
    .argument('[input...]', 'files of events (JSON, JSON lines, gzip), directories of them, or - for stdin')
    .option('--stored', 'events out of billing.events, by created, then event id')
    .option('--from-stripe', "events out of Stripe's own list, 30 days back at most; needs STRIPE_SECRET_KEY")
    .option('--undelivered', 'with --from-stripe: only events that some webhook endpoint has not taken')
    .option('--status <s>', 'with --stored: only rows that are pending, done, … or dead *', collect)
    .option('--type <glob>', 'only events of these types, such as charge.* *', collect)
    .option('--id <evt>', 'only these events *', collect)
    .option('--account <acct>', 'only events of these accounts (default: all) *', collect)
    .option('--since <date>', 'only events created then or later: 2026-01-31, an instant, 30d or 12h ago')
    .option('--until <date>', 'only events created before then')
    .option('--rate <events/s>', 'at most so many events of one account in a second')
    .addOption(
      new Option('--effects <which>', 'support messages, and rooms and conversations for them')
        .choices(['missing', 'none'])
        .default('missing'),
    )
    .option('--dry-run', 'write nothing, print what would change')
    .addHelpText(
      'after',
      `
Options marked * may be given several times, or with a comma list.

Examples:
  billing-sync replay events.json more.jsonl.gz
  billing-sync replay events/ --type 'invoice.*' --since 30d --dry-run
  billing-sync replay --stored --status dead,failed
  billing-sync replay --stored --account acct_1 --rate 50 --json
  billing-sync replay --from-stripe --undelivered --since 3d
  billing-sync replay --from-stripe --type 'invoice.*' --dry-run
  zcat events.jsonl.gz | billing-sync replay -`,
    )
    .action(async (names: string[], flags: ReplayFlags & ConfigFlags) => {
      const { runReplay } = await import('./commands/replay/replay.ts')
      process.exitCode = await runReplay(names, flags)
    })

const backfillCommand = (): Command =>
  withCommonOptions(new Command('backfill'))
    .description("bring accounts' history in through Stripe's lists; needs STRIPE_SECRET_KEY")
    .usage('--account <acct…> | --all-accounts [options]')
    .option('--account <acct>', 'only these accounts *', collect)
    .option('--all-accounts', 'every connected account of billing.accounts, and the platform')
    .option('--resource <name>', 'only customers, products, subscriptions, invoices, charges, … *', collect)
    .option('--id <id>', 'retrieve and apply single objects of the account instead *', collect)
    .option('--since <date>', 'only objects created then or later: 2026-01-31, an instant, 30d or 12h ago')
    .option('--until <date>', 'only objects created before then')
    .option('--rate <requests/s>', "at most so many requests in a second (default: Stripe's own limits)")
    .option('--restart', 'forget how far an interrupted backfill came, and take the place of a running one')
    .addOption(
      new Option('--effects <which>', 'support messages, and rooms and conversations for them')
        .choices(['missing', 'none'])
        .default('none'),
    )
    .option('--verify', 'write nothing, name every stored object that differs from Stripe')
    .option('--dry-run', 'write nothing, print what would change')
    .addHelpText(
      'after',
      `
Options marked * may be given several times, or with a comma list.
The same command given again, without --restart, goes on where an interrupted
backfill stopped.

Examples:
  billing-sync backfill --account acct_1
  billing-sync backfill --all-accounts --since 3d
  billing-sync backfill --account acct_1 --resource invoices,charges --dry-run
  billing-sync backfill --account acct_1 --id ch_123,in_456
  billing-sync backfill --all-accounts --verify
  billing-sync backfill --all-accounts --rate 10 --json`,
    )
    .action(async (flags: BackfillFlags & ConfigFlags) => {
      const { runBackfill } = await import('./commands/backfill/backfill.ts')
      process.exitCode = await runBackfill(flags)
    })

const subcommand = (command: Command): Command =>
  command
    .helpOption('--help', 'show help')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })

const program = new Command('billing-sync')
  .description(
    "Keeps a MongoDB mirror of every Stripe Connect account's billing, and the CRM and Support desk on it, in step with Stripe.",
  )
  .version(version, '--version', 'print the version')
  .helpOption('--help', 'show help')
  .addOption(
    new Option('--completion <shell>', 'print what completes commands and options in a shell').choices(
      completedShells,
    ),
  )
  .configureOutput({ outputError: () => undefined })
  .exitOverride()
  .addCommand(subcommand(serveCommand()))
  .addCommand(subcommand(backfillCommand()))
  .addCommand(subcommand(replayCommand()))

const completionCode = 'billing-sync.completion'

// Ends the run before a command is asked for, as `--version` does; the choices were checked by then.
program.on('option:completion', (shell: CompletedShell) => {
  throw new CommanderError(0, completionCode, shell)
})

// The tables of choices are loaded for this alone.
const printCompletion = async (shell: CompletedShell): Promise<void> => {
  const { flagChoices } = await import('./commands/shell/flag-choices.ts')
  process.stdout.write(completionScript(program, shell, flagChoices))
}

// commander itself would show the whole usage, and not the word that it does not know.
const refuseUnknownTopic = ([asked, topic]: readonly string[]): void => {
  if (asked !== 'help' || topic === undefined || topic.startsWith('-')) return
  const names = program.commands.map((command) => command.name())
  if (topic === 'help' || names.includes(topic)) return
  throw new BillingSyncError('usage_invalid', {
    problem: `help: expected ${names.join(', ')}, got "${topic}"`,
  })
}

const run = async (args: readonly string[]): Promise<void> => {
  try {
    refuseUnknownTopic(args)
    await program.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError && error.code === completionCode)) throw error
    await printCompletion(error.message as CompletedShell) // as it was thrown above
  }
}

const complain = (message: string): void => {
  process.stderr.write(`billing-sync: ${message}\n`)
}

const usageError = (error: CommanderError): BillingSyncError => {
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('\n', ' ')
    // Whoever mistypes an option may have given it a secret.
    .replace(/^(unknown option '[^=]*)=.*'/, "$1'")
  return new BillingSyncError('usage_invalid', { problem }, { cause: error })
}

const helpOf = (name: string | undefined): string =>
  program.commands.some((command) => command.name() === name)
    ? `billing-sync ${name} --help`
    : 'billing-sync --help'

const endWith = async (thrown: unknown): Promise<number> => {
  if (thrown instanceof CommanderError && (thrown.exitCode === 0 || thrown.code === 'commander.help')) {
    return thrown.exitCode === 0 ? 0 : usageExitCode
  }
  const error = thrown instanceof CommanderError ? usageError(thrown) : thrown
  if (error instanceof BillingSyncError) {
    complain(
      error.code === 'usage_invalid' ? `${error.message} (see ${helpOf(program.args[0])})` : error.message,
    )
    return error.exitCode
  }
  if (isModuleMissing(error)) {
    complain(`${error.message.split('\n')[0]}; run npm ci in its folder first`)
    return 1
  }
  // For whoever reports it: only when asked for, since a foreign error's text may quote what was in hand.
  const { wantsStack } = await import('./commands/shell/wants-stack.ts')
  if (error instanceof Error && (await wantsStack(givenFlags()))) complain(error.stack ?? '')
  complain(
    `unexpected ${error instanceof Error ? error.name : typeof error}; please report it with what you ran`,
  )
  return 1
}

// The bundle starts without the packages beside it, and misses them as it goes; an optional one of the driver's is no such.
const isModuleMissing = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'

// Those of the one command that was given; the others have their defaults, and these options have none.
const givenFlags = (): ConfigFlags => Object.assign({}, ...program.commands.map((command) => command.opts()))

// Whoever reads the output may have gone, as `head` does: the work is done all the same, and nobody hears a complaint.
// A result that finds no room, as on a full disk, is a failure; complaints that find none are nowhere to be told.
process.stdout.once('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return
  complain(`stdout can't be written (${code}): the result is lost, what was done is kept`)
  process.once('exit', () => {
    process.exitCode ||= 1
  })
})
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

// What nobody awaited, such as the error of a library's own connection: Node would print its text, which may quote a password.
// Only once: should that fail, too, Node ends it.
process.once('uncaughtException', async (error: unknown) => {
  process.exit(await endWith(error))
})

boundHeapGrowth()
run(process.argv.slice(2)).catch(async (error: unknown) => {
  process.exitCode = await endWith(error)
})
