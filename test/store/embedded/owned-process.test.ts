import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runOwnedProcess, startOwnedProcess } from '../../../src/store/embedded/owned-process.ts'
import { isRunning, watchersOf } from './process-tree.ts'
import { temporaryFolder } from './running-server.ts'

const script = (text: string) => ({ command: '/bin/sh', args: ['-c', text] })

/** Starts a child that answers SIGTERM with a shell command; resolves once it is ready for it. */
const startTrapping = async (answer: string) => {
  const ready = join(await temporaryFolder(), 'ready')
  const child = await startOwnedProcess({
    ...script(`trap "${answer}" TERM; touch ${ready}; while :; do sleep 0.05; done`),
    graceSeconds: 1,
  })
  await vi.waitFor(() => stat(ready), 10_000)
  return child
}

test('a command that ends reports its exit code and its words', async () => {
  const { code, output } = await runOwnedProcess({
    ...script('echo said; echo complained >&2; exit 7'),
    signal: new AbortController().signal,
  })
  expect(code).toBe(7)
  expect(output).toBe('said\ncomplained\n')
})

test('a missing program ends with the code of a shell', async () => {
  const signal = new AbortController().signal
  expect(await runOwnedProcess({ command: 'no-such-program', args: [], signal })).toMatchObject({ code: 127 })
})

test('an abort ends a command under way', async () => {
  const abort = new AbortController()
  const running = runOwnedProcess({ command: 'sleep', args: ['1000'], signal: abort.signal })
  abort.abort()
  expect(await running).toMatchObject({ code: 143 })
})

test('ending a child lets it clean up', async () => {
  const child = await startTrapping('echo cleaned; exit 3')
  await child.end()
  expect(await child.ended).toEqual({ code: 3 })
  expect(await child.output).toBe('cleaned\n')
})

test('a child that ignores its end is killed after the grace', async () => {
  const child = await startTrapping('')
  await child.end()
  expect(await child.ended).toEqual({ code: 137 })
})

test('a child whose watching shell was killed is ended all the same', async () => {
  const child = await startOwnedProcess({ command: 'sleep', args: ['1000'], graceSeconds: 1 })
  const [, watcher] = await watchersOf(child.pid ?? Number.NaN)
  process.kill(watcher ?? Number.NaN, 'SIGKILL')
  await child.end()
  expect(await child.ended).toEqual({ code: 137 })
})

test('a child ends when its owner is killed', async () => {
  const module = new URL('../../../dist/store/embedded/owned-process.js', import.meta.url)
  const program = `const { startOwnedProcess } = await import('${module.href}')
    console.log((await startOwnedProcess({ command: 'sleep', args: ['1000'] })).pid)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' })
  const pid = await new Promise<number>((resolve) =>
    owner.stdout.once('data', (data) => resolve(Number(data))),
  )
  expect(await isRunning(pid)).toBe(true)
  owner.kill('SIGKILL')
  await vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), 10_000)
})
