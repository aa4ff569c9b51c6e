// Writes a document in a transaction and dies before it commits: <uri> <document id> <name of its driver> [collection]

import { MongoClient } from 'mongodb'

const [, , uri, id, name, collection = 'touched'] = process.argv
const client = new MongoClient(uri, { driverInfo: { name } })
await client.connect()
const session = client.startSession()
session.startTransaction()
await client
  .db()
  .collection(collection)
  .updateOne({ _id: id }, { $inc: { n: 1 } }, { session })
process.kill(process.pid, 'SIGKILL')
