// How long the program takes to say what it can do, beside a Node that does nothing.

import { execFileSync } from 'node:child_process'
import { program } from './replay-process.ts'

const runs = 9

/** Medians in milliseconds. */
export const measureStart = (): { readonly helpMs: number; readonly nodeMs: number } => {
  const [help, node]: [number[], number[]] = [[], []]
  // Turn about, so that whatever else the machine does falls on both.
  for (let run = 0; run < runs; run += 1) {
    node.push(timeOf(['-e', '0']))
    help.push(timeOf([program, '--help']))
  }
  return { helpMs: median(help), nodeMs: median(node) }
}

/** Returns the middle one of some numbers. */
export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN

const timeOf = (args: readonly string[]): number => {
  const started = performance.now()
  execFileSync(process.execPath, args, { stdio: 'ignore' })
  return performance.now() - started
}
