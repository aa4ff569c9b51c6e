// The supervisor's side of its socket: greets whoever connects, tells those who use the server how things
// stand, and knows how many they are. A connection is all the claim that a command has on the server, and the
// kernel closes it however the command ends.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { SocketName } from './announcements.ts'
import {
  type Greeting,
  protocolVersion,
  receiveMessages,
  type SupervisorMessage,
  type SupervisorState,
  sendMessage,
} from './supervisor-protocol.ts'

/** Answers at one supervisor's socket. */
export class Reception {
  readonly #socket: SocketName
  readonly #dataFolder: string
  readonly #onUsersChange: (users: number) => void
  readonly #connections = new Set<Socket>()
  readonly #users = new Set<Socket>()
  readonly #server: Server
  #state: SupervisorState = 'candidate'
  #news: SupervisorMessage | undefined

  constructor(options: {
    readonly socket: SocketName
    readonly dataFolder: string
    readonly onUsersChange: (users: number) => void
  }) {
    this.#socket = options.socket
    this.#dataFolder = options.dataFolder
    this.#onUsersChange = options.onUsersChange
    this.#server = createServer((socket) => void this.#receive(socket))
  }

  /** Starts to listen; resolves once connections are answered. */
  async open(): Promise<void> {
    this.#server.listen(this.#socket.socketPath)
    await once(this.#server, 'listening')
  }

  /** Enters a state and tells every user; who connects later is told the same. */
  enter(state: SupervisorState, news?: SupervisorMessage): void {
    this.#state = state
    this.#news = news
    if (news !== undefined) for (const user of this.#users) sendMessage(user, news)
  }

  /** Stops to listen and hangs up on everybody. */
  close(): void {
    this.#server.close()
    for (const socket of this.#connections) socket.destroy()
  }

  async #receive(socket: Socket): Promise<void> {
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    for await (const { purpose, protocol, dataFolder } of receiveMessages<Greeting>(socket)) {
      this.#greet(socket)
      const matches = protocol === protocolVersion && dataFolder === this.#dataFolder
      if (purpose === 'use' && matches) this.#admit(socket)
    }
  }

  #greet(socket: Socket): void {
    const { id } = this.#socket
    const dataFolder = this.#dataFolder
    const own = { protocol: protocolVersion, dataFolder, pid: process.pid, id, state: this.#state }
    sendMessage(socket, { type: 'hello', ...own })
  }

  #admit(socket: Socket): void {
    this.#users.add(socket)
    socket.once('close', () => {
      this.#users.delete(socket)
      this.#onUsersChange(this.#users.size)
    })
    this.#onUsersChange(this.#users.size)
    if (this.#news !== undefined) sendMessage(socket, this.#news)
  }
}
