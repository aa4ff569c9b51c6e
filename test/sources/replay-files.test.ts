import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { openEventFilter } from '../../src/sources/event-filter.ts'
import { replayFiles } from '../../src/sources/replay-files.ts'
import { ReplayTally } from '../../src/sources/replay-tally.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a fault ends the replay at once, and lets go of a pipe that is silent', async () => {
  const pipe = join(await temporaryFolder(), 'pipe')
  await execa('mkfifo', [pipe])
  const writer = createWriteStream(pipe)
  writer.write(`${JSON.stringify(numberedEvent(1))}\n`)
  const replay = replayFiles({
    inputs: [pipe],
    tally: new ReplayTally(),
    filter: openEventFilter({ accounts: [], types: [], ids: [], since: null, until: null }),
    eventsPerSecond: null,
    platformAccount: async () => 'acct_platform',
    handle: () => Promise.reject(new Error('broken')),
    signal: new AbortController().signal,
  })
  await expect(replay).rejects.toThrow('broken')
  const failed = once(writer, 'error')
  // The system tells it with the first write after the reader is gone.
  const writing = setInterval(() => writer.write('more\n'), 10)
  expect(await failed).toMatchObject([{ code: 'EPIPE' }])
  clearInterval(writing)
})
