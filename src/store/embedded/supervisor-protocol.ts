// What a command and a supervisor say to each other: JSON, one message per line, over the supervisor's unix
// socket. The command greets first. `protocol` and `dataFolder` of both greetings keep their meaning for
// ever, so that programs of different versions can at least tell each other apart.

import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { ErrorCode, ErrorDetails } from '../../errors.ts'

/** Raised with every change that an older program would misread. */
export const protocolVersion = 1

/**
 * Why somebody connects: a command uses the server, which runs as long as such a connection is open; another
 * supervisor only looks who is there.
 */
export interface Greeting {
  readonly protocol: number
  readonly dataFolder: string
  readonly purpose: 'use' | 'look'
}

/**
 * A supervisor's states, and what moves it on:
 *   candidate → (gone)     another one was there before it
 *   candidate → preparing  nobody else is there: it owns the data folder
 *   preparing → serving    mongod is a writable primary
 *   preparing → failed     no mongod could be found or started
 *   serving   → preparing  mongod died: it is started again
 *   preparing, serving → stopping  the last command went a few seconds ago, or a signal came
 *   failed, stopping → (gone)
 */
export type SupervisorState = 'candidate' | 'preparing' | 'serving' | 'failed' | 'stopping'

export type SupervisorMessage =
  | {
      readonly type: 'hello'
      readonly protocol: number
      readonly dataFolder: string
      readonly pid: number
      readonly id: string
      readonly state: SupervisorState
    }
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'ready'; readonly server: RunningServer }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly details: ErrorDetails }

/** The server that a supervisor runs. */
export interface RunningServer {
  readonly uri: string
  readonly binarySource: string
}

/** Sends one message; a peer that is gone takes no harm from it. */
export const sendMessage = (socket: Socket, message: Greeting | SupervisorMessage): void => {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/** Yields the peer's messages until it hangs up or breaks; never throws. */
export async function* receiveMessages<Message>(socket: Socket): AsyncGenerator<Message, void> {
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
  socket.on('error', () => lines.close()).on('close', () => lines.close())
  try {
    for await (const line of lines) {
      const message = parseLine<Message>(line)
      if (message !== undefined) yield message
    }
  } catch {
    // A connection that breaks ends like one that is closed.
  }
}

// The socket lies in a folder of this user only, so a line that parses was written by this program.
const parseLine = <Message>(line: string): Message | undefined => {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' && message !== null ? (message as Message) : undefined
  } catch {
    return undefined
  }
}
