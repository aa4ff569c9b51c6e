import { defineConfig } from 'vitest/config'
import { settingRows } from './src/config/settings.ts'
import { LongestFirst } from './test/support/longest-first.ts'

// Settings of whoever runs the tests, as README has them exported, are not those of what is tested.
for (const { env } of Object.values(settingRows)) delete process.env[env]
delete process.env.BILLING_SYNC_CONFIG
// Ink draws nothing but its last frame where these are set, as a CI sets them.
for (const name of ['CI', 'CONTINUOUS_INTEGRATION']) delete process.env[name]

export default defineConfig({
  test: {
    include: [
      ...['test/**/*.test.ts', 'test/**/*.test.tsx'],
      // Long by nature: for scripts of their own.
      ...(process.env.FULL === undefined ? [] : ['test/**/*.full.ts']),
    ],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/no-leaks.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    sequence: { sequencer: LongestFirst },
    // No module keeps state, so files may share what is loaded: loading it anew for each cost a quarter of the run.
    pool: 'threads',
    isolate: false,
    // Two cores carry four workers, the mongod they share and the programs they start: some of them wait. Measured: 550 s with
    // four, the cores idle for 4 % of it, 594 s with three.
    maxWorkers: 4,
    // Several starts of the program, on a slow machine that does other things beside.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
})
