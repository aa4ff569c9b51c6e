// What Support clients are told of a commit, as Socket.IO packets. The last argument of each is its place among the
// account's packets, `<seq>-<n>`: Socket.IO's client keeps the last one it got and names it when it reconnects.

import type { OutboxRow } from '../../ports/outbox-store.ts'

/** Tells a client that it is up to date; what it was told before, it was told alone. */
export const readyEvent = 'support:ready'

/** Namespace of Support clients. */
export const supportNamespace = '/support'

/** A place among the packets of an account. */
export interface Position {
  readonly seq: number
  readonly packet: number
}

export interface SupportPacket {
  readonly seq: number
  /** Event, payload, position. */
  readonly args: readonly [string, unknown, string]
}

/** Returns a row's packets that come after a position. */
export const packetsOf = (
  row: OutboxRow,
  after: Position = { seq: 0, packet: 0 },
): readonly SupportPacket[] => {
  const told: readonly (readonly [string, unknown])[] = [
    ...row.notices.map((notice) => ['billing:changed', notice] as const),
    ...row.messages.flatMap(({ message, contact_id, room_made }) => {
      const place = { room_id: message.room_id, conversation_id: message.conversation_id, contact_id }
      return [
        ...(room_made ? [['support:room:create', place] as const] : []),
        ['support:room:join', place] as const,
        ['support:message', message] as const,
      ]
    }),
  ]
  return told
    .map(([event, payload], index): SupportPacket => {
      const position = textOf({ seq: row.seq, packet: index + 1 })
      return { seq: row.seq, args: [event, plain(payload), position] }
    })
    .slice(row.seq === after.seq ? after.packet : 0)
}

/** Returns a position as text. */
export const textOf = ({ seq, packet }: Position): string => `${seq}-${packet}`

/** Returns the position that a text tells, or null where it tells none. */
export const positionOf = (text: unknown): Position | null => {
  const [, seq, packet] = (typeof text === 'string' ? /^(\d{1,15})-(\d{1,9})$/.exec(text) : null) ?? []
  return seq === undefined ? null : { seq: Number(seq), packet: Number(packet) }
}

/** Returns the room of an account's clients. */
export const roomOf = (account: string): string => `account:${account}`

/** Returns a packet in the form that Socket.IO's adapters pass on. */
export const eventPacket = (args: SupportPacket['args']) => ({
  type: eventType,
  nsp: supportNamespace,
  data: [...args] as unknown[],
})

/** Socket.IO's number of an event: https://socket.io/docs/v4/socket-io-protocol/ */
const eventType = 2

/**
 * Socket.IO gives no position of its own to packets of which is said whether they are volatile. Ours is better: it
 * outlives Redis, and any process can tell from it what a client has missed.
 */
export const packetFlags = { volatile: false } as const

// Ids that others made are ObjectIds, in which Socket.IO would see binary attachments.
const plain = (payload: unknown): unknown => JSON.parse(JSON.stringify(payload))
