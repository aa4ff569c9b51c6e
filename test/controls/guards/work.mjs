// Working off the rows: lanes, attempts, what was left behind.

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'work: an account is worked on by one process at a time',
    file: 'src/store/lane-claims.ts',
    find: 'const claimed = (await this.#take(account, free(this.#owner)))',
    replace: 'const claimed = (await this.#take(account, {}))',
    tests: ['test/store/lane-claims.test.ts'],
  },
  {
    name: 'work: transactions of dead processes are ended',
    file: 'src/store/abandoned-transactions.ts',
    find: 'if (sessions.length > 0)',
    replace: 'if (sessions.length > 1_000)',
    tests: ['test/store/abandoned-transactions.test.ts'],
  },
  {
    name: 'work: transactions of other programs are left alone',
    file: 'src/store/abandoned-transactions.ts',
    find: "'clientMetadata.driver.name': { $regex: `\\\\|${driverName}$` },",
    replace: "'clientMetadata.driver.name': { $ne: driverName },",
    tests: ['test/store/abandoned-transactions.test.ts'],
  },
  {
    name: 'work: events that nobody woke are found',
    file: 'src/sources/inbox-work/dispatcher.ts',
    find: 'for (const account of await this.#options.sweep()) this.wake(account)',
    replace: 'await this.#options.sweep()',
    tests: ['test/commands/open-workers.test.ts'],
  },
  {
    name: 'work: parked events wake with their account',
    file: 'src/commands/open-workers.ts',
    find: "await store.unpark(config.unknownAccounts === 'accept')",
    replace: '',
    tests: ['test/commands/waiting-events.test.ts'],
  },
  {
    name: 'work: Stripe is not waited for at the end',
    file: 'src/sources/inbox-work/due-batch.ts',
    find: 'await unlessEnded(options.read(deliveries), options.signal)',
    replace: 'await options.read(deliveries)',
    tests: ['test/commands/waiting-events.test.ts'],
  },
  {
    name: 'work: what a process died over runs one by one',
    file: 'src/sources/inbox-work/lane-turn.ts',
    find: 'if (!(await runEachAlone(account, events, options))) return false',
    replace: 'if (!(await workOff(account, events, options))) return false',
    tests: ['test/fault/several-workers.test.ts'],
  },
  {
    name: 'work: an event that its process died over uses up an attempt',
    file: 'src/sources/inbox-work/lane-turn.ts',
    find: 'await options.store.runAlone(account, event.rowId)',
    replace: '',
    tests: ['test/fault/several-workers.test.ts'],
  },
  {
    name: 'attempts: the eighth failure is the last',
    file: 'src/core/inbox-row.ts',
    find: 'row.attempts + 1 >= mostAttempts',
    replace: 'row.attempts + 1 > mostAttempts',
    tests: ['test/core/inbox-row.test.ts'],
  },
  {
    name: 'attempts: trouble that passes uses none',
    file: 'src/pipeline.ts',
    find: 'if (waits === true || defers === true) return freshRow',
    replace: 'if (defers === true) return freshRow',
    also: [
      {
        find: '((waits === true || defers === true) && newRow === undefined) ||',
        replace: '(defers === true && newRow === undefined) ||',
      },
    ],
    tests: ['test/sources/stripe/object-reader.test.ts', 'test/pipeline-commit.test.ts'],
  },
  {
    name: 'sinks: a claim that an outage cut off is given back',
    file: 'src/sinks/sink-lanes.ts',
    find: 'await this.#giveBack(account)',
    replace: '',
    tests: ['test/sinks/conformance.test.ts'],
  },
  {
    name: 'end: Support clients are let go before they are waited for',
    file: 'src/commands/serve.ts',
    find: ', () => serve.serving?.sinks?.disconnectClients())',
    replace: ')',
    tests: ['test/commands/serve.test.ts'],
  },
]
