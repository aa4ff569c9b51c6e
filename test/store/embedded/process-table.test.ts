import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { commandLineOf, hasEnded, parentOf } from '../../../src/store/embedded/process-table.ts'

/** A process id that no system gives out. */
const NOBODY = 999_999_999

/** A machine busy with other tests is slow. */
const patience = { timeout: 25_000, interval: 20 }

test('a running process has a command line, a parent and no end', async () => {
  const child = spawn('sleep', ['1000'])
  onTestFinished(() => void child.kill())
  const pid = child.pid ?? NOBODY
  expect((await commandLineOf(pid)).trim()).toBe('sleep 1000')
  expect(await parentOf(pid)).toBe(process.pid)
  expect(await hasEnded(pid)).toBe(false)
})

test('a process that is not there has ended', async () => {
  expect(await commandLineOf(NOBODY)).toBe('')
  expect(await parentOf(NOBODY)).toBeNaN()
  expect(await hasEnded(NOBODY)).toBe(true)
})

test('a process that nobody reaps has ended, too', async () => {
  // The shell becomes a sleep that never waits for the child it inherited, which ends only then.
  const parent = spawn('/bin/sh', ['-c', 'exec 3<&0; (read line <&3) & echo $!; exec sleep 1000'])
  onTestFinished(() => void parent.kill())
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  await expect.poll(() => commandLineOf(parent.pid ?? NOBODY), patience).toBe('sleep 1000 ')
  parent.stdin.write('\n')
  await expect.poll(() => hasEnded(Number(line)), patience).toBe(true)
  expect(await parentOf(Number(line))).toBe(parent.pid)
})
