// A listener in a process of its own: `serve`, or the raw limit.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { program } from './watched-process.ts'

const rawListener = fileURLToPath(new URL('raw-listener.mjs', import.meta.url))

export const secret = 'whsec_of_the_bench_endpoint'

export interface ListenerProcess {
  readonly url: string
  /** Memory that it holds now, in millions of bytes. */
  megabytes(): Promise<number>
  /** The most that it ever held. */
  peakMegabytes(): Promise<number>
  /** Ends it, and resolves once it is gone. */
  stop(): Promise<void>
}

/** Starts the raw limit on a database. */
export const startRawListener = (uri: string, folder: string): Promise<ListenerProcess> =>
  start([rawListener, uri, secret], { folder, readyText: 'listening on' })

/** Starts `serve` on a database. */
export const startServe = (uri: string, folder: string, role: string): Promise<ListenerProcess> =>
  start([program, 'serve', '--port', '0', '--role', role, '--mongodb-uri', uri], {
    folder,
    readyText: '"msg":"serving"',
  })

const start = async (
  args: readonly string[],
  { folder, readyText }: { readonly folder: string; readonly readyText: string },
): Promise<ListenerProcess> => {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, STRIPE_WEBHOOK_SECRET: secret }
  const child = spawn(process.execPath, [...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let told = ''
  const ready = new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      if (told.includes(readyText)) return
      told += chunk.toString()
      if (told.includes(readyText)) resolve()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    void closed.then(() => reject(new Error(`the listener ended: ${told}`)))
  })
  await ready
  return {
    url: /listening on (http:\S+?)["\s]/.exec(told)?.[1] ?? '',
    megabytes: () => memoryOf(child.pid, /VmRSS:\s+(\d+) kB/),
    peakMegabytes: () => memoryOf(child.pid, /VmHWM:\s+(\d+) kB/),
    stop: async () => {
      child.stdin.end()
      child.kill('SIGTERM')
      await closed
    },
  }
}

const memoryOf = async (pid: number | undefined, field: RegExp): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return (Number(field.exec(status)?.[1]) * 1024) / 1e6
}
