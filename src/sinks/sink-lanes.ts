// The delivery of one sink: a lane per account, strictly in the order of its commits. Guarantees: a row is marked
// only after the receiver has confirmed it, so a crash in between sends it again and never loses it; a row that
// is refused holds up its own account alone; an outage uses up no tries, whatever it lasts. Memory is bounded: eight
// lanes at once, a claim each, and the names of the accounts that wait.

import { setTimeout as wait } from 'node:timers/promises'
import { grownPause, spreadPause } from '../core/growing-pause.ts'
import { BillingSyncError, codedErrorOf } from '../errors.ts'
import { inTime } from '../in-time.ts'
import type { Claim, Lane, OutboxStore, SinkName } from '../ports/outbox-store.ts'
import type { Sink, SinkListener } from './sink.ts'

export interface SinkLanesOptions {
  readonly sink: Sink
  readonly store: OutboxStore
  readonly listener: SinkListener
  /** From 0 up to 1. */
  readonly random: () => number
}

/** Lanes under way at once; receivers answer in order anyway. */
const lanesAtOnce = 8

/** Claims of one lane before it goes to the tail. */
const claimsPerTurn = 5

/** Accounts that may wait in memory; the sweep finds the others. */
const mostWaiting = 10_000

/** Rows of other processes, and of dead ones, are found by looking. */
const sweepEveryMs = 1_000

/** Pauses after a refusal: 13 of them last about an hour. */
const refusalPauses = { firstMs: 1_000, longestMs: 15 * 60_000 }
const mostAttempts = 14

/** Pauses of the whole sink in an outage: short, since one lane alone knocks. */
const outagePauses = { firstMs: 250, longestMs: 5_000 }

/** How long a send may take; well within a claim's lease. */
const sendDeadlineMs = 10_000

/** How long the end waits for one look at what is owed: the driver looks for a server that is away for ten seconds. */
const lookPatienceMs = 1_000

/** How long `close` waits for what is under way. */
const closePatienceMs = 3_000

/**
 * Delivers what one sink is owed until it is closed. What goes wrong with the store or the receiver is told to the
 * listener.
 */
export class SinkLanes {
  readonly #options: SinkLanesOptions
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  /** Claims that an outage of the store kept from being given back: without that, a lane would rest until its lease ends. */
  readonly #kept = new Map<string, Claim>()
  #outages = 0
  #closedUntil = 0
  #ended = false
  /** True once nothing is waited for any more. */
  #isClosed = false
  #sweeping: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout

  constructor(options: SinkLanesOptions) {
    this.#options = options
    this.#timer = this.#sweepIn(0)
  }

  /** Name of the sink. */
  get name(): SinkName {
    return this.#options.sink.name
  }

  /** True while the receiver does not answer. */
  get isUnavailable(): boolean {
    return this.#outages > 0
  }

  /** Looks at an account's lane soon. */
  wake(account: string): void {
    if (this.#ended) return
    if (this.#waiting.size < mostWaiting) this.#waiting.add(account)
    this.#fill()
  }

  /**
   * Waits until no row is pending, for so long at most, and a second for each look; answers whether none is: false where the
   * store does not tell. Never rejects.
   */
  async drain(patienceMs: number): Promise<boolean> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const accounts = await inTime(this.#findWaiting(), lookPatienceMs, null)
      if (accounts === null) return false
      if (accounts.length === 0) return true
      if (performance.now() > deadline) return false
      for (const account of accounts) this.wake(account)
      await inTime(Promise.all(this.#running.values()), sweepEveryMs, null)
      await wait(drainPauseMs)
    }
  }

  /** Takes up no more rows, and waits a moment for those under way. What fails later is told to nobody. */
  async close(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    // A look that is under way needs the store, which is closed next.
    const looked = inTime(this.#sweeping, lookPatienceMs, null)
    await inTime(Promise.all([looked, ...this.#running.values()]), closePatienceMs, null)
    this.#isClosed = true
    await this.#options.sink.close()
  }

  #sweepIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#sweeping = this.#sweepForEver()
    }, ms)
  }

  async #sweepForEver(): Promise<void> {
    if (performance.now() >= this.#closedUntil) await this.#sweep()
    this.#fill()
    if (this.#ended) return
    this.#timer = this.#sweepIn(sweepEveryMs)
  }

  async #sweep(): Promise<void> {
    const accounts = await this.#findWaiting()
    for (const account of accounts ?? []) this.wake(account)
    // What this process could not send another one has: the receiver answers.
    if (accounts?.length === 0 && this.#running.size === 0) this.#outages = 0
  }

  /** Answers the accounts that are owed something; null where the store does not tell, which the listener is told. */
  async #findWaiting(): Promise<readonly string[] | null> {
    const { sink, store } = this.#options
    try {
      return await store.waitingAccounts(sink.name)
    } catch (error) {
      this.#tellFailure(null, error)
      return null
    }
  }

  #fill(): void {
    const most = this.#outages > 0 ? 1 : lanesAtOnce
    for (const account of this.#waiting) {
      if (this.#ended || this.#running.size >= most || performance.now() < this.#closedUntil) return
      if (this.#running.has(account)) continue
      this.#waiting.delete(account)
      const turn = this.#takeTurn(account).finally(() => {
        this.#running.delete(account)
        this.#fill()
      })
      this.#running.set(account, turn)
    }
  }

  async #takeTurn(account: string): Promise<void> {
    const { sink, store } = this.#options
    const lane: Lane = { sink: sink.name, account }
    try {
      await this.#giveBack(account)
      for (let claims = 0; claims < claimsPerTurn; claims += 1) {
        const claim = this.#ended ? null : await store.claim(lane)
        if (claim === null) return
        this.#kept.set(account, claim)
        const goesOn = await this.#deliver(lane, claim)
        this.#kept.delete(account)
        if (!goesOn) return
      }
      this.#waiting.add(account)
    } catch (error) {
      // The store is away: the sweep comes back.
      this.#tellFailure(account, error)
    }
  }

  // What was sent but not marked is sent again, and recognised.
  async #giveBack(account: string): Promise<void> {
    const claim = this.#kept.get(account)
    if (claim === undefined) return
    await this.#options.store.postpone(claim, { pauseMs: 0, attempts: claim.rows[0].attempts })
    this.#kept.delete(account)
  }

  /** Answers whether the lane may go on. */
  async #deliver(lane: Lane, claim: Claim): Promise<boolean> {
    const { store, listener } = this.#options
    const sent = await this.#sendBatch(claim).catch((error: unknown) => {
      this.#tellFailure(lane.account, error)
      return isRefusal(error) ? ('refused' as const) : ('unsent' as const)
    })
    if (sent === 'unsent') {
      this.#closeGate()
      await store.postpone(claim, { pauseMs: 0, attempts: claim.rows[0].attempts })
      return false
    }
    // Whoever refuses answers.
    this.#outages = 0
    if (sent === 'refused') return this.#countRefusal(lane, claim)
    await store.settle(lane, sent)
    const notices = sent.reduce((sum, row) => sum + row.notices.length, 0)
    listener.onDelivered(lane, notices)
    return true
  }

  // Which row of several was refused shows when the first is alone; the others come with the next claim.
  async #sendBatch({ rows }: Claim): Promise<Claim['rows']> {
    const { sink } = this.#options
    const [first, ...others] = rows
    try {
      await withinDeadline(sink, sink.send(rows))
      return rows
    } catch (error) {
      if (!isRefusal(error) || others.length === 0) throw error
      await withinDeadline(sink, sink.send([first]))
      return [first]
    }
  }

  async #countRefusal(lane: Lane, claim: Claim): Promise<boolean> {
    const { store, listener, random } = this.#options
    const attempts = claim.rows[0].attempts + 1
    if (attempts < mostAttempts) {
      const pauseMs = spreadPause(grownPause(refusalPauses, attempts - 1), random())
      await store.postpone(claim, { pauseMs, attempts })
      return false
    }
    await store.bury(claim, attempts)
    listener.onDeliveryDead(lane)
    return true
  }

  #closeGate(): void {
    const pauseMs = grownPause(outagePauses, this.#outages)
    this.#outages += 1
    this.#closedUntil = performance.now() + spreadPause(pauseMs, this.#options.random())
  }

  #tellFailure(account: string | null, error: unknown): void {
    // It failed for want of what was closed: its rows wait in the outbox, as they would have anyway.
    if (this.#isClosed) return
    const { sink, listener } = this.#options
    listener.onDeliveryFailed({ sink: sink.name, account }, codedErrorOf(error).code)
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof BillingSyncError && error.code === 'sink_rejected'

/** Between two looks at whether everything is delivered. */
const drainPauseMs = 20

// What was sent too late may still arrive: it is sent again, and recognised.
const withinDeadline = async (sink: Sink, sending: Promise<void>): Promise<void> => {
  const sent = sending.then(() => true)
  if (await inTime(sent, sendDeadlineMs, false)) return
  throw new BillingSyncError('sink_unavailable', { sink: sink.name, reason: 'no answer in time' })
}
