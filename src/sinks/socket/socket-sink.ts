// The sink of the Support UI: tells every process that serves Support clients what a commit changed. Guarantee: at
// least once, in order, for clients connected now; what is older than five minutes is not told.

import type { OutboxRow } from '../../ports/outbox-store.ts'
import type { Sink } from '../sink.ts'
import type { PacketChannel } from './packet-channel.ts'
import { packetsOf } from './packets.ts'

/** Older notices are not sent: whoever was away that long reads the documents. */
const oldestMs = 5 * 60_000

/** Returns the sink on a channel. */
export const openSocketSink = (channel: PacketChannel): Sink => ({
  name: 'socket',
  send: async (rows: readonly OutboxRow[]) => {
    for (const row of rows) {
      if (row.ageMs < oldestMs) await channel.publish(row.account, packetsOf(row))
    }
  },
  close: () => channel.close(),
})
