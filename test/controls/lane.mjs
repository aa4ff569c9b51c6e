// A process of the controls: takes out the guard it is told, runs its tests, puts it back and tells which test failed.
// One vitest, and the MongoDB that comes with it, serve all its guards.

import { join } from 'node:path'
import { createVitest } from 'vitest/node'
import { takeOut } from './patched-project.mjs'

const [folder] = process.argv.slice(2)
process.chdir(folder)

/** What the tests at hand have shown so far. */
let seen = { ran: 0, failed: null }

const reporter = {
  onTestCaseResult: (test) => {
    const { state } = test.result()
    if (state === 'passed' || state === 'failed') seen.ran += 1
    if (state === 'failed') seen.failed ??= test
  },
}

const vitest = await createVitest('test', {
  root: folder,
  watch: false,
  bail: 1,
  maxWorkers: 1,
  reporters: [reporter],
  setupFiles: ['test/support/no-leaks.ts', 'test/controls/end-on-failure.mjs'],
})

/** Names of tests that were seen to pass with every guard in its place. */
const sound = new Set()

const check = async (guard) => {
  const failed = await failingTestWithout(guard)
  if (failed === null) return { failed }
  const { fullName, module } = failed
  // One that fails anyway shows nothing.
  if (!sound.has(fullName) && (await failingTest([module.moduleId], patternOf(fullName))) !== null)
    return { error: `fails with the guard in its place, too: ${fullName}` }
  sound.add(fullName)
  return { failed: fullName }
}

const failingTestWithout = async (guard) => {
  const path = join(folder, guard.file)
  const putBack = await takeOut(folder, guard)
  vitest.invalidateFile(path)
  try {
    return await failingTest(guard.tests, guard.titled)
  } finally {
    await putBack()
    vitest.invalidateFile(path)
  }
}

const failingTest = async (files, titled) => {
  seen = { ran: 0, failed: null }
  if (titled === undefined) vitest.resetGlobalTestNamePattern()
  else vitest.setGlobalTestNamePattern(titled)
  await vitest.runTestSpecifications(await vitest.globTestSpecifications([...files]))
  // A patch that keeps the tests from running at all shows nothing.
  if (seen.ran === 0) throw new Error(`no test ran in ${files.join(', ')}`)
  return seen.failed
}

// Patterns are matched against titles that are joined by a blank.
const patternOf = (fullName) =>
  new RegExp(`^${fullName.replaceAll(' > ', ' ').replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)

process.on('message', async (guard) => {
  const verdict = await check(guard).catch((error) => ({ error: String(error?.message ?? error) }))
  // A lane that took too long has been left.
  if (process.connected) process.send(verdict)
})
process.on('disconnect', async () => {
  await vitest.close()
  process.exit()
})
process.send({ ready: true })
