// `npm run test:controls [part of a name]`: takes out each guard of guards/ in turn, in a copy of the project, and
// lists the test that caught it. Fails when a guard's absence went unnoticed, or when its patch no longer fits.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * One guard, and how it is taken out: a piece of a source file, which must stand there exactly once, gives way to another.
 * @typedef {object} Guard
 * @property {string} name what the guard keeps
 * @property {string} file
 * @property {string} find
 * @property {string} replace
 * @property {readonly { find: string, replace: string }[]} [also] further pieces of the same file
 * @property {readonly string[]} tests files of which at least one test must fail
 */

const run = promisify(execFile)
const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const copied = [
  'src',
  'test',
  'bin',
  'fixtures',
  'package.json',
  'README.md',
  'vitest.config.ts',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** @returns {Promise<Guard[]>} */
const gatherGuards = async () => {
  const folder = join(project, 'test', 'controls', 'guards')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).sort()
  const parts = await Promise.all(names.map((name) => import(join(folder, name))))
  return parts.flatMap(({ guards }) => guards)
}

const copyProject = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-controls-'))
  for (const name of copied) await cp(join(project, name), join(folder, name), { recursive: true })
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const applyPatch = async (folder, { file, find, replace, also = [] }) => {
  const path = join(folder, file)
  let text = await readFile(path, 'utf8')
  for (const patch of [{ find, replace }, ...also]) {
    if (text.split(patch.find).length !== 2)
      throw new Error(`the patch does not fit ${file} exactly once: ${patch.find}`)
    text = text.replace(patch.find, () => patch.replace)
  }
  await writeFile(path, text)
}

// Types may be broken by a patch, which is no matter: only the emitted code counts.
const build = (folder) =>
  run('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: folder }).catch(() => undefined)

/** A patch may take out what ends a wait: its tests are cut off then, which counts as not caught. */
const patienceMs = 8 * 60_000

const failingTest = async (folder, tests) => {
  const report = join(folder, 'report.json')
  const args = ['vitest', 'run', ...tests, '--bail=1', '--reporter=json', `--outputFile=${report}`]
  await run('npx', args, { cwd: folder, maxBuffer: 2 ** 28, timeout: patienceMs }).catch(() => undefined)
  const { testResults } = JSON.parse(await readFile(report, 'utf8'))
  const results = testResults.flatMap((file) => file.assertionResults)
  // A patch that keeps the tests from running at all shows nothing.
  if (results.length === 0) throw new Error(`no test ran in ${tests.join(', ')}`)
  return results.find(({ status }) => status === 'failed')?.fullName ?? null
}

const check = async (guard) => {
  const folder = await copyProject()
  try {
    await applyPatch(folder, guard)
    await build(folder)
    return await failingTest(folder, guard.tests)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

// One that does not fit any more keeps no other from being checked.
const verdictOn = async (guard) => {
  try {
    const caughtBy = await check(guard)
    return caughtBy === null ? ['UNCAUGHT', 'no test failed'] : ['caught  ', caughtBy]
  } catch (error) {
    return ['UNCAUGHT', error.message]
  }
}

const wanted = process.argv[2] ?? ''
let uncaught = 0
for (const guard of (await gatherGuards()).filter(({ name }) => name.includes(wanted))) {
  const [verdict, reason] = await verdictOn(guard)
  if (verdict === 'UNCAUGHT') uncaught += 1
  console.log(`${verdict}  ${guard.name}\n          ${reason}`)
}
console.log(`\n${uncaught} uncaught`)
process.exitCode = uncaught === 0 ? 0 : 1
