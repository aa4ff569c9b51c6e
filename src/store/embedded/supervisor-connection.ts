// One connection to an announced supervisor, from its greeting on.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { SocketName } from './announcements.ts'
import {
  type Greeting,
  protocolVersion,
  receiveMessages,
  type SupervisorMessage,
  sendMessage,
} from './supervisor-protocol.ts'

/** A supervisor that is alive answers its greeting within this, even on a machine that is very busy. */
const greetingTimeoutMs = 10_000

/** An open connection to a supervisor that greeted. */
export interface SupervisorConnection {
  readonly hello: Extract<SupervisorMessage, { type: 'hello' }>
  readonly messages: AsyncGenerator<SupervisorMessage, void>
  readonly socket: Socket
}

/**
 * No connection: the supervisor is dead for ever; it went before it greeted (look again); it is there but
 * doesn't greet; or it is that of another data folder (this one is a copy, announcements included).
 */
export type NoConnection = 'dead' | 'leaving' | 'silent' | 'foreign'

/** Connects to an announced supervisor and greets it; never throws. */
export const connectSupervisor = async (
  { socketPath }: SocketName,
  dataFolder: string,
  purpose: Greeting['purpose'],
): Promise<SupervisorConnection | NoConnection> => {
  const socket = connect(socketPath)
  try {
    await once(socket, 'connect')
  } catch (error) {
    return isDead(error) ? 'dead' : 'leaving'
  }
  sendMessage(socket, { protocol: protocolVersion, dataFolder, purpose })
  const messages = receiveMessages<SupervisorMessage>(socket)
  const timeout = AbortSignal.timeout(greetingTimeoutMs)
  const hangUp = () => void socket.destroy()
  timeout.addEventListener('abort', hangUp)
  const first = await messages.next()
  timeout.removeEventListener('abort', hangUp)
  if (!first.done && first.value.type === 'hello' && first.value.dataFolder === dataFolder) {
    return { hello: first.value, messages, socket }
  }
  socket.destroy()
  if (!first.done) return 'foreign'
  return timeout.aborted ? 'silent' : 'leaving'
}

// A live socket refuses nobody: where the backlog is full, connecting waits or fails with EAGAIN.
const isDead = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOENT'].includes(String((error as NodeJS.ErrnoException).code))
