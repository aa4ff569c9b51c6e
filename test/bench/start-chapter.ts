// How long the program takes to say what it can do, beside a Node that does nothing.

import { execFileSync } from 'node:child_process'
import type { Chapter } from './chapter.ts'
import { median, printRows, tellPromise } from './report.ts'
import { program } from './watched-process.ts'

const runs = 9

/** `--help` takes at most so many times an empty Node. */
const promisedStarts = 3

export const startChapter: Chapter = {
  name: 'start',
  run: async () => {
    const { helpMs, nodeMs } = measureStart()
    const ratio = helpMs / nodeMs
    printRows([
      ['--help / node -e 0, ms', `${helpMs.toFixed(0)} / ${nodeMs.toFixed(0)} = ${ratio.toFixed(2)}`],
    ])
    return tellPromise(ratio <= promisedStarts, `--help takes at most ${promisedStarts} times an empty Node`)
  },
}

/** Medians in milliseconds. */
const measureStart = (): { readonly helpMs: number; readonly nodeMs: number } => {
  const [help, node]: [number[], number[]] = [[], []]
  // Turn about, so that whatever else the machine does falls on both.
  for (let run = 0; run < runs; run += 1) {
    node.push(timeOf(['-e', '0']))
    help.push(timeOf([program, '--help']))
  }
  return { helpMs: median(help), nodeMs: median(node) }
}

const timeOf = (args: readonly string[]): number => {
  const started = performance.now()
  execFileSync(process.execPath, args, { stdio: 'ignore' })
  return performance.now() - started
}
