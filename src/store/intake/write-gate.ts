// Knows whether MongoDB takes durable writes. Guarantee: once a write has failed, callers are told at once and not after
// a timeout of their own, until a probe, twice a second, went through again.
//
//   open ──a write failed or timed out──▶ closed ──a probe went through──▶ open

import { setTimeout as wait } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { durably } from './durably.ts'

/** Pause between probes, and how long one may take. */
const probePauseMs = 500
const probeTimeoutMs = 1_000

export interface GateListener {
  readonly onClosed: (error: unknown) => void
  readonly onOpened: () => void
}

/** Tells whether MongoDB takes writes, and asks again by itself while it does not. */
export class WriteGate {
  readonly #db: Db
  readonly #listener: GateListener
  readonly #over = new AbortController()
  #isOpen = true
  #probe: Promise<unknown> | null = null

  constructor(db: Db, listener: GateListener) {
    this.#db = db
    this.#listener = listener
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Closes the gate for the reason given, until a probe goes through. */
  close(error: unknown): void {
    if (!this.#isOpen || this.#over.signal.aborted) return
    this.#isOpen = false
    this.#listener.onClosed(error)
    void this.#reopen()
  }

  /** Asks MongoDB, and closes the gate where it does not answer. Never rejects. */
  async check(): Promise<boolean> {
    if (!this.#isOpen) return false
    const error = await this.#ask()
    if (error !== null) this.close(error)
    return this.#isOpen
  }

  /** Ends the probes. */
  end(): void {
    this.#over.abort()
  }

  async #reopen(): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      await wait(probePauseMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted || (await this.#ask()) !== null) continue
      this.#isOpen = true
      this.#listener.onOpened()
      return
    }
  }

  // One at a time, whoever asks.
  #ask(): Promise<unknown> {
    this.#probe ??= this.#write().finally(() => {
      this.#probe = null
    })
    return this.#probe
  }

  // A write that matches nothing waits for the journal and the majority all the same, so it shows that an insert would
  // go through; a ping would be answered by a server that can't reach its majority.
  async #write(): Promise<unknown> {
    const update = { update: 'billing.events', updates: [{ q: { _id: '' }, u: { $unset: { probe: '' } } }] }
    try {
      await durably(this.#db, update, AbortSignal.timeout(probeTimeoutMs))
      return null
    } catch (error) {
      return error
    }
  }
}
