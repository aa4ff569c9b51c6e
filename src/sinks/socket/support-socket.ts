// A Support client's socket, as the others see it.

import type { Socket } from 'socket.io'
import { eventPacket, packetFlags, type SupportPacket } from './packets.ts'
import type { SupportClaims } from './support-token.ts'

type NoEvents = Record<string, never>

/** A client whose token was believed. */
export type SupportSocket = Socket<NoEvents, NoEvents, NoEvents, SupportClaims>

/** Sends a packet to the clients of this process in a room; each is in a room of its own id. */
export const sendLocally = (
  { nsp }: Pick<SupportSocket, 'nsp'>,
  room: string,
  { args }: Pick<SupportPacket, 'args'>,
): void => {
  nsp.adapter.broadcast(eventPacket(args), {
    rooms: new Set([room]),
    except: new Set(),
    flags: { ...packetFlags, local: true },
  })
}

/** Returns how many packets wait for a client to take them. */
export const waitingPackets = (connection: SupportSocket['conn']): number =>
  (connection as unknown as { readonly writeBuffer: readonly unknown[] }).writeBuffer.length // declared as private
