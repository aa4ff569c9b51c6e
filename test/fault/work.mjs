// A process that works off the inbox as `serve` does, with the settings of its environment. It tells on stdout, a JSON
// line each, what its listener is told, and ends with its stdin. With `STRIKE` (`{"command", "text", "signal"}`) it sends itself a signal when it is about to send such a command that holds the text.

import { MongoClient } from 'mongodb'
import { openServeHandling } from '../../dist/commands/opening/open-handling.js'
import { openWorkers } from '../../dist/commands/serve/open-workers.js'
import { loadConfig } from '../../dist/config/config.js'
import { openLog } from '../../dist/log.js'
import { driverName } from '../../dist/store/database.js'

const strike = JSON.parse(process.env.STRIKE ?? 'null')
const config = await loadConfig({})

// As src/store/database.ts opens it, but heard.
const client = new MongoClient(config.mongodbUri, {
  writeConcern: { w: 'majority', journal: true },
  ignoreUndefined: true,
  driverInfo: { name: driverName },
  monitorCommands: true,
})

let isStruck = false
client.on('commandStarted', ({ command }) => {
  if (strike === null || isStruck || !Object.hasOwn(command, strike.command)) return
  if (!JSON.stringify(command).includes(strike.text)) return
  isStruck = true
  process.kill(process.pid, strike.signal)
})

const tell = (what) => (told) => process.stdout.write(`${JSON.stringify([what, told ?? null])}\n`)

await client.connect()
const database = { client, db: client.db(), close: () => client.close() }
const workers = await openWorkers({
  config,
  database,
  redis: null,
  handling: await openServeHandling(config, database, { reads: null, onServed: null }),
  ending: new AbortController(),
  log: openLog('silent'),
  listener: {
    onOutcome: tell('outcome'),
    onRetry: tell('retry'),
    onDead: tell('dead'),
    onWaiting: tell('waiting'),
    onLostCommit: tell('lost commit'),
    onTakeover: tell('takeover'),
    onTrouble: tell('trouble'),
  },
  sinks: { wake: () => {} },
})
tell('ready')()
process.stdin.resume().on('end', async () => {
  const isDrained = await workers.drain(8_000)
  await client.close()
  process.exit(isDrained ? 0 : 1)
})
process.stdin.on('data', (text) => {
  for (const account of String(text).trim().split('\n')) workers.wake(account)
})
