// Replays the named pipe that it is given with work that breaks, tells the fault on stdout, and ends with its stdin.
//
// A process of its own: a worker thread closes, as it ends, each number that it got from fs.open and did not close
// itself, whatever has it by then. A pipe is closed by its socket.

import { openEventFilter } from '../../dist/sources/event-filter.js'
import { replayFiles } from '../../dist/sources/replay-files.js'
import { ReplayTally } from '../../dist/sources/replay-tally.js'

const [, , pipe] = process.argv
process.stdin.resume()
await replayFiles({
  inputs: [pipe],
  tally: new ReplayTally(),
  filter: openEventFilter({ accounts: [], types: [], ids: [], since: null, until: null }),
  eventsPerSecond: null,
  platformAccount: async () => 'acct_platform',
  handle: () => Promise.reject(new Error('broken')),
  signal: new AbortController().signal,
}).catch(({ message }) => process.stdout.write(`${message}\n`))
