// A command that uses the embedded server: opens it with the options of its first argument, prints
// what it got as one JSON line, and holds the server until its stdin ends.
import { once } from 'node:events'
import { openEmbeddedMongod } from '../../../dist/store/embedded/embedded-mongod.js'

const mongod = await openEmbeddedMongod(JSON.parse(process.argv[2]))
process.stdout.write(`${JSON.stringify(mongod)}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await mongod.release()
