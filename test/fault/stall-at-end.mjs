// Preloaded into a process (`node --import`): soon after SIGTERM its one thread stands still for STALL_MS, which it tells.

import { writeSync } from 'node:fs'

/** While connections are still taken. */
const soonMs = 50

const standStill = () => {
  writeSync(2, '{"msg":"standing still"}\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.STALL_MS))
}

// As the last of a turn of the loop, so that timers are the first that is looked at afterwards.
process.once('SIGTERM', () => setTimeout(() => setImmediate(standStill), soonMs))
