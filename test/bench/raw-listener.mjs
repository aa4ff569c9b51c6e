// The limit that `serve` is measured by: node:http, one HMAC, JSON.parse, and a durable insert by group commit; no limits,
// no gate, no duplicates, no metrics. Prints its URL, ends with its stdin.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { Binary, MongoClient } from 'mongodb'

const [uri, secret] = process.argv.slice(2)
const client = await new MongoClient(uri, { writeConcern: { w: 'majority', journal: true } }).connect()
const events = client.db().collection('billing.events')

let waiting = []
let isWriting = false

const write = async () => {
  isWriting = true
  while (waiting.length > 0) {
    const group = waiting
    waiting = []
    await events.insertMany(
      group.map(({ row }) => row),
      { ordered: false },
    )
    for (const { answer } of group) answer()
  }
  isWriting = false
}

const isSigned = (header, body) => {
  const [, timestamp, signature] = /^t=(\d+),v1=([0-9a-f]{64})/.exec(header)
  const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest()
  return timingSafeEqual(Buffer.from(signature, 'hex'), expected)
}

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    if (!isSigned(request.headers['stripe-signature'], body)) return response.writeHead(400).end()
    const { id, account, type } = JSON.parse(body)
    const row = { _id: `${account}:${id}`, stripe_user_id: account, event_id: id, type, status: 'pending' }
    const answer = () => response.writeHead(200).end('{"received":true}')
    waiting.push({ row: { ...row, received_at: new Date(), payload: new Binary(body) }, answer })
    if (!isWriting) write()
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
