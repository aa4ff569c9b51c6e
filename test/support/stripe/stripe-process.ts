// The played Stripe in a process of its own, so that a measurement shares no event loop with it. Node 20 runs no
// TypeScript: the files of this folder, which need nothing but Node, are transpiled into a temporary folder first.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript-6'
import type { ProcessPlan, ProcessReport } from './serve-stripe.ts'

export interface StripeProcess {
  readonly url: string
  /** Asks what the process has seen so far. */
  readonly report: () => Promise<ProcessReport>
  readonly stop: () => Promise<void>
}

/** Starts a process that plays Stripe to the plan; it also ends when this one does. */
export const startStripeProcess = async (plan: ProcessPlan): Promise<StripeProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'played-stripe-'))
  await transpileInto(folder)
  const child = fork(join(folder, 'serve-stripe.js'), [JSON.stringify(plan)], {
    stdio: 'inherit',
    execArgv: [],
  })
  const url = await answerOf<string>(child)
  return {
    url,
    report: () => {
      const report = answerOf<ProcessReport>(child)
      child.send('report')
      return report
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** Resolves with the child's next message; rejects when the child ends before it says anything. */
const answerOf = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`The played Stripe ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      // What serve-stripe sends is told by what it was asked.
      resolve(message as T)
    })
  })

const transpileInto = async (folder: string): Promise<void> => {
  const names = await readdir(import.meta.dirname)
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await Promise.all(
    sources.map(async (name) => {
      const source = await readFile(join(import.meta.dirname, name), 'utf8')
      await writeFile(join(folder, name.replace(/\.ts$/, '.js')), transpiled(source))
    }),
  )
}

const transpiled = (source: string): string =>
  ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText
