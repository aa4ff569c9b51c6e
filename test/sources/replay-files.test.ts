import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { numberedEvent } from '../support/deliveries.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('replay-broken.mjs', import.meta.url))

test('a fault ends the replay at once, and lets go of a pipe that is silent', async () => {
  const pipe = join(await temporaryFolder(), 'pipe')
  await execa('mkfifo', [pipe])
  const replay = execa('node', [program, pipe])
  const writer = createWriteStream(pipe)
  writer.write(`${JSON.stringify(numberedEvent(1))}\n`)
  expect(String((await once(replay.stdout, 'data'))[0])).toBe('broken\n')
  const failed = once(writer, 'error')
  // The system tells it with the first write after the reader is gone.
  const writing = setInterval(() => writer.write('more\n'), 10)
  expect(await failed).toMatchObject([{ code: 'EPIPE' }])
  clearInterval(writing)
  replay.stdin.end()
  await replay
})
