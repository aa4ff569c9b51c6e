// What a client is told when it connects: everything since the position it names, out of the outbox; then its room's
// packets. Guarantee: nothing committed in the last five minutes lies unseen between the two; a packet may come twice.

import { once } from 'node:events'
import type { SocketHistory } from '../../ports/outbox-store.ts'
import { type Position, packetsOf, positionOf, readyEvent, textOf } from './packets.ts'
import { type SupportSocket, sendLocally, waitingPackets } from './support-socket.ts'

interface CatchingUp {
  readonly history: SocketHistory
  /** Joins the room of the client's account; the position is what it was told before. */
  readonly join: (position: Position) => Promise<void> | void
}

/** After every packet of a commit: the client has nothing to catch up with in it. */
const lastPacket = 999_999_999

/** Brings a client up to date and has it join its room. Throws `mongodb_unavailable`. */
export const catchUp = async (socket: SupportSocket, { history, join }: CatchingUp): Promise<void> => {
  const start = await startOf(socket, history)
  const before = await tellFrom(socket, history, start)
  await join(before)
  // What was told to the room while the rows above were read.
  const position = await tellFrom(socket, history, before)
  sendLocally(socket, socket.id, { args: [readyEvent, {}, textOf(position)] })
}

// A client may name what it saw of another account, or of a database that is gone: it would wait for commits of a time
// to come, and all others of its account with it. It is a new one then.
const startOf = async ({ handshake, data }: SupportSocket, history: SocketHistory): Promise<Position> => {
  const named = positionOf(handshake.auth.offset)
  if (named !== null && named.seq <= (await history.lastCommit(data.account))) return named
  return { seq: await history.lastSent(data.account), packet: lastPacket }
}

const tellFrom = async (
  socket: SupportSocket,
  history: SocketHistory,
  start: Position,
): Promise<Position> => {
  let position = start
  for (let seq = start.seq; socket.connected; ) {
    const rows = await history.rowsFrom(socket.data.account, seq)
    for (const packet of rows.flatMap((row) => packetsOf(row, position))) {
      position = positionOf(packet.args[2]) ?? position
      sendLocally(socket, socket.id, packet)
    }
    const last = rows.at(-1)
    if (last === undefined || last.seq < seq) break
    seq = last.seq + 1
    await untilDrained(socket)
  }
  return position
}

// A page at a time: a slow client's packets pile up in MongoDB, not here.
const untilDrained = async ({ conn }: SupportSocket): Promise<void> => {
  if (waitingPackets(conn) === 0 || conn.readyState !== 'open') return
  const ended = new AbortController()
  const end = (): void => ended.abort()
  conn.once('close', end)
  await once(conn, 'drain', { signal: ended.signal }).catch(() => undefined) // the client left
  conn.off('close', end)
}
