// Sees to it that clients were told what was sent. Socket.IO's adapters may lose packets between processes: Redis
// emptied before a process has read them, an oplog that rolled over, a process that stood still. Every few seconds
// the commits sent, out of the outbox, are compared with those told here; what is missing is told out of the outbox.
// Guarantee: a client that stays connected misses nothing; a packet may come twice, and then late.

import type { Namespace } from 'socket.io'
import type { SocketHistory } from '../../ports/outbox-store.ts'
import { type Position, packetsOf, positionOf, readyEvent, roomOf } from './packets.ts'
import { type SupportSocket, sendLocally, waitingPackets } from './support-socket.ts'

export interface LedgerOptions {
  readonly support: Namespace
  readonly history: SocketHistory
  /** How often is looked; default: 3 s. */
  readonly lookEveryMs?: number
  /** Told of each commit of an account that no adapter brought here: it was told late. */
  readonly onToldLate: (account: string) => void
}

/** What is known of one account's clients in this process. */
interface AccountPage {
  /** Up to this commit everything was told. */
  floor: number
  /** Commits above the floor that were told. */
  readonly told: Set<number>
  /** Commits that were sent and not told, as the last look showed: the adapter may still be on its way. */
  suspects: ReadonlySet<number>
}

/** How often is looked; a commit is told again when it is missing twice. */
const defaultLookEveryMs = 3_000

/** A client that lets more packets than this wait is cut off; it comes back and is told from where it was. */
const mostWaitingPackets = 10_000

/** Keeps the books of the accounts that clients of this process follow, until it is closed. */
export class ToldLedger {
  readonly #options: LedgerOptions
  readonly #lookEveryMs: number
  readonly #pages = new Map<string, AccountPage>()
  #timer: NodeJS.Timeout
  #ended = false

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#lookEveryMs = options.lookEveryMs ?? defaultLookEveryMs
    this.#timer = setTimeout(() => this.#lookForEver(), this.#lookEveryMs)
  }

  /** Keeps an account's book from the position on that its client has reached; call it as the client joins its room. */
  follow(socket: SupportSocket, { seq }: Position): void {
    const { account } = socket.data
    const page = this.#pages.get(account) ?? { floor: seq, told: new Set(), suspects: new Set() }
    this.#pages.set(account, page)
    let isReady = false
    socket.onAnyOutgoing((event: unknown, ...args: readonly unknown[]) => {
      // What comes before it was told to this client alone, as it caught up: the others may not know it.
      if (event === readyEvent) isReady = true
      else if (isReady) note(page, positionOf(args.at(-1)))
    })
  }

  close(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  async #lookForEver(): Promise<void> {
    this.#cutOffSlowClients()
    for (const [account, page] of this.#pages) {
      if (this.#ended) return
      if (this.#options.support.adapter.rooms.has(roomOf(account))) await this.#look(account, page)
      else this.#pages.delete(account)
    }
    if (!this.#ended) this.#timer = setTimeout(() => this.#lookForEver(), this.#lookEveryMs)
  }

  async #look(account: string, page: AccountPage): Promise<void> {
    // MongoDB is away: the next look shows what was missed.
    const sent = await this.#options.history.sentAfter(account, page.floor).catch(() => [])
    const missing: number[] = []
    for (const seq of sent) {
      if (page.told.has(seq)) continue
      if (page.suspects.has(seq)) await this.#tellAgain(account, seq)
      else missing.push(seq)
    }
    page.suspects = new Set(missing)
    page.floor = missing[0] === undefined ? (sent.at(-1) ?? page.floor) : missing[0] - 1
    for (const seq of page.told) if (seq <= page.floor) page.told.delete(seq)
  }

  async #tellAgain(account: string, seq: number): Promise<void> {
    const [row] = await this.#options.history.rowsFrom(account, seq).catch(() => [])
    if (row?.seq !== seq) return
    const nsp = this.#options.support
    for (const packet of packetsOf(row)) sendLocally({ nsp }, roomOf(account), packet)
    this.#options.onToldLate(account)
  }

  #cutOffSlowClients(): void {
    // What waits is given up: a close that sends it first would wait for the client as well.
    for (const { conn } of this.#options.support.sockets.values())
      if (waitingPackets(conn) > mostWaitingPackets) conn.close(true)
  }
}

const note = (page: AccountPage, position: Position | null): void => {
  if (position !== null && position.seq > page.floor) page.told.add(position.seq)
}
