import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { EmbeddedMongodOptions } from '../../../src/store/embedded/embedded-mongod.ts'

/** Another process that holds the embedded server of a data folder. */
export interface ServerHolder {
  readonly uri: string
  readonly process: ChildProcess
  /** Lets the process release the server and end. */
  leave(): Promise<void>
  /** Ends the process as the kernel does, with no chance to clean up. */
  kill(): Promise<void>
}

const script = fileURLToPath(new URL('hold-server.mjs', import.meta.url))

/** Starts a process that opens the server; resolves once it has it. */
export const startHolder = async (options: EmbeddedMongodOptions): Promise<ServerHolder> => {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const { uri } = JSON.parse(line)
  const leave = async () => {
    child.stdin.end()
    await exited
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { uri, process: child, leave, kill }
}
