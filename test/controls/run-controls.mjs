// `npm run test:controls [part of a name …]`: takes out each guard of guards/ in turn, in a copy of the project, and
// lists the test that caught it. Fails when a guard's absence went unnoticed, or when its patch no longer fits.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gatherGuards } from './guard.mjs'
import { copyProject, misfitOf, removeCopy } from './patched-project.mjs'

/** Lanes run side by side; two cores carry two, each with its own MongoDB. */
const laneCount = Number(process.env.LANES ?? 2)

/** A patch may take out what ends a wait: its tests are cut off then, which counts as not caught. */
const patienceMs = 3 * 60_000

/** A lane that is let go of ends its processes and its MongoDB. */
const farewellMs = 20_000

const openLane = async () => {
  const folder = await copyProject()
  // A file whose tests are all left out, or cut off, leaves its servers' data behind: here it goes with the copy. Beside that, not in
  // it: what a test unpacks there has to do without the project's packages.
  const temporary = `${folder}.tmp`
  await mkdir(temporary)
  const child = fork(fileURLToPath(new URL('lane.mjs', import.meta.url)), [folder], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  await Promise.race([once(child, 'message'), ended])
  return {
    check: async (guard) => {
      child.send(guard)
      const answered = once(child, 'message').then(([verdict]) => verdict)
      const died = ended.then(() => ({ error: 'the lane ended', over: true }))
      const tooLong = delay(patienceMs, { error: 'its tests did not end', over: true }, { ref: false })
      return Promise.race([answered, died, tooLong])
    },
    close: async () => {
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), farewellMs)
      await ended
      clearTimeout(timer)
      await Promise.all([folder, temporary].map(removeCopy))
    },
  }
}

const runLane = async (waiting, told) => {
  let lane = null
  for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
    lane ??= await openLane()
    const startedAt = performance.now()
    const verdict = await lane.check(guard)
    told(guard, verdict, (performance.now() - startedAt) / 1000)
    if (verdict.over !== true) continue
    await lane.close()
    lane = null
  }
  await lane?.close()
}

const parts = process.argv.slice(2)
const isWanted = ({ name, isFull = false }) =>
  (!isFull || process.env.FULL === '1') && (parts.length === 0 || parts.some((part) => name.includes(part)))
const wanted = (await gatherGuards()).filter(isWanted)
let uncaught = 0
const told = ({ name }, { failed = null, error = 'no test failed' }, seconds) => {
  if (failed === null) uncaught += 1
  const verdict = failed === null ? 'UNCAUGHT' : 'caught  '
  console.log(`${verdict}  ${name}  (${seconds.toFixed(1)} s)\n          ${failed ?? error}`)
}

// One that does not fit any more keeps no other from being checked.
const fitting = []
for (const guard of wanted) {
  const misfit = await misfitOf(guard)
  if (misfit === null) fitting.push(guard)
  else told(guard, { error: misfit }, 0)
}
await Promise.all(Array.from({ length: Math.min(laneCount, fitting.length) }, () => runLane(fitting, told)))
console.log(`\n${wanted.length} guards, ${uncaught} uncaught`)
process.exitCode = uncaught === 0 ? 0 : 1
