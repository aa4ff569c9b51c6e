// Handles one batch as a command does and ends itself, as by a power cut, at one command of the driver.
//
//   node test/fault/handle-and-crash.mjs < {"uri", "account", "events", "crashAt": {"moment", "number"} | null}
//
// Without `crashAt` it tells on stdout which commands were started and which succeeded, in that order.

import { text } from 'node:stream/consumers'
import { MongoClient } from 'mongodb'
import { openHandling } from '../../dist/commands/opening/open-handling.js'
import { loadConfig } from '../../dist/config/config.js'
import { parseStripeEvent } from '../../dist/core/stripe-event.js'
import { handleDeliveries } from '../../dist/pipeline/handle-deliveries.js'

const { uri, account, events, crashAt } = JSON.parse(await text(process.stdin))

// As src/store/database.ts opens it, but heard.
const client = new MongoClient(uri, {
  writeConcern: { w: 'majority', journal: true },
  ignoreUndefined: true,
  monitorCommands: true,
})

const log = { commandStarted: [], commandSucceeded: [] }
const openRequests = new Map()

const note = (moment, command) => {
  log[moment].push(command)
  const isReached = crashAt?.moment === moment && crashAt.number === log[moment].length
  // At `commandStarted` nothing of the command is on the wire yet.
  if (isReached) process.kill(process.pid, 'SIGKILL')
}

client.on('commandStarted', ({ requestId, commandName, command }) => {
  const told = { name: commandName, inTransaction: command.autocommit === false }
  openRequests.set(requestId, told)
  note('commandStarted', told)
})
client.on('commandSucceeded', ({ requestId }) => note('commandSucceeded', openRequests.get(requestId)))

await client.connect()
const config = { ...(await loadConfig({})), accounts: [{ stripe_user_id: account, new_contact: true }] }
const database = { client, db: client.db(), close: () => client.close() }
const { options } = await openHandling(config, database, {
  source: 'replay',
  effects: 'missing',
  reads: null,
})
const deliveries = events.map((event) => ({
  account,
  event: parseStripeEvent(event).event,
  payload: Buffer.from(JSON.stringify(event)),
}))
const { outcomes } = await handleDeliveries(deliveries, options)
await database.close()
process.stdout.write(JSON.stringify({ ...log, outcomes: outcomes.map(({ outcome }) => outcome) }))
