// A process that serves Support clients as `serve` does, with the settings of its environment. It tells its port on
// stdout once it listens, and ends with its stdin.

import { createServer } from 'node:http'
import { openSinks } from '../../dist/commands/opening/open-sinks.js'
import { redisPlaceOf } from '../../dist/commands/opening/redis-place.js'
import { loadConfig } from '../../dist/config/config.js'
import { openDatabase } from '../../dist/store/database.js'

const config = await loadConfig({})
const database = await openDatabase(config, { onProgress: () => {}, onEmbedded: () => {} })
const httpServer = createServer((_request, response) => response.writeHead(404).end())
const ignore = () => {}
const listener = { onDelivered: ignore, onDeliveryFailed: ignore, onDeliveryDead: ignore }
const redis = await redisPlaceOf(config, database)
const sinks = await openSinks({ config, database, redis, httpServer, listener })
await new Promise((resolve) => httpServer.listen(config.port, config.host, resolve))
process.stdout.write(`${httpServer.address().port}\n`)
process.stdin.resume().on('end', async () => {
  await sinks.close()
  await database.close()
  process.exit()
})
