// What operators see: metrics, dashboard, terminal.

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'log: a reader who does not keep up holds up no process',
    file: 'src/log.ts',
    find: 'sync: false,',
    replace: 'sync: true,',
    tests: ['test/log.test.ts'],
  },
  {
    name: 'metrics: types that nobody knows share a label',
    file: 'src/watch/metrics.ts',
    find: "eventRows.has(type) ? type : 'other'",
    replace: 'type',
    tests: ['test/commands/serve.test.ts'],
    titled: 'find no account, event or event type',
  },
  {
    name: 'metrics: only the bearer of the token reads them',
    file: 'src/sources/webhook/operations.ts',
    find: 'ports.metricsToken !== undefined && ',
    replace: 'ports.metricsToken === "" && ',
    tests: ['test/commands/serve.test.ts'],
  },
  {
    name: 'dashboard: a pipe gets no control characters',
    file: 'src/commands/serve.ts',
    find: 'dashboard === true && process.stderr.isTTY',
    replace: 'dashboard === true',
    tests: ['test/commands/serve.test.ts'],
  },
  {
    name: 'terminal: what strangers wrote can not command it',
    file: 'src/ui/printable.ts',
    find: "|\\p{Cc}/gu, '?')",
    replace: "|\\p{Cs}/gu, '?')",
    tests: ['test/ui/replay-result.test.ts', 'test/ui/changes-table.test.ts'],
  },
  {
    name: 'log: only fields that are named reach it',
    file: 'src/log.ts',
    find: 'fieldNames.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),',
    replace: 'Object.entries(fields),',
    tests: ['test/log.test.ts'],
  },
  {
    name: "log: an error's own text does not reach it",
    file: 'src/log.ts',
    find: 'error instanceof Error ? error.name : typeof error',
    replace: 'error instanceof Error ? error.message : typeof error',
    tests: ['test/log.test.ts'],
  },
]
