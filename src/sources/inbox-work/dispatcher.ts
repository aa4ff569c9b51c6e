// Works off the inbox, partitioned by connected account: at most one turn of an account at a time in a process, many
// accounts side by side, each waiting for its turn behind those that came before. Guarantees: no account keeps
// another from its turn; what nobody woke is found by the sweep; what is kept in memory is bounded, however much waits.

import { codedErrorOf } from '../../errors.ts'
import { inTime } from '../../in-time.ts'
import type { AccountPauses } from './account-pauses.ts'
import type { TurnEnd } from './lane-turn.ts'

export interface DispatcherOptions {
  /** Answers how many turns may be under way at once just now. */
  readonly mostTurns: () => number
  readonly takeTurn: (account: string) => Promise<TurnEnd>
  /** Answers the accounts that have due events. */
  readonly sweep: () => Promise<readonly string[]>
  /** Keeps hold of the lanes that are at work. */
  readonly renew: () => Promise<void>
  readonly pauses: AccountPauses
  /** Told of an account that has more to do, so that it is woken again. */
  readonly onMore: (account: string) => void
  /** Told of what a sweep or a turn threw; the work goes on. */
  readonly onTrouble: (code: string, account: string | null) => void
}

/** Accounts that may wait in memory; the sweep finds the others. */
const mostWaiting = 10_000

/** Pause between sweeps. */
const sweepEveryMs = 1_000

/** Pause between renewals of the claims on lanes; a third of the time that they hold. */
const renewEveryMs = 3_000

/** Without a sweep that went through for so long, the work stands still. */
const longestSilenceMs = 15_000

/** Takes turns of accounts from its making until it is drained. What a sweep or a turn throws is told, and ends nothing. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  #sweptAtMs = performance.now()
  #isEnded = false
  #sweeping: NodeJS.Timeout
  readonly #renewing: NodeJS.Timeout

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#sweeping = setTimeout(() => this.#sweepForEver(), 0)
    this.#renewing = setInterval(() => void this.#renew(), renewEveryMs)
  }

  /** Looks at an account's due events soon. */
  wake(account: string): void {
    if (this.#isEnded) return
    if (this.#waiting.size < mostWaiting) this.#waiting.add(account)
    this.#fill()
  }

  /** Takes a turn of an account now, unless it is at work or rests; resolves when the turn is over. Never rejects. */
  async turn(account: string): Promise<void> {
    if (this.#running.has(account)) this.wake(account)
    else if (!this.#isEnded && !this.#options.pauses.isResting(account)) await this.#start(account)
  }

  /** True where an account waits for its turn: one that is at work should let it. */
  get isAwaited(): boolean {
    return this.#running.size >= this.#options.mostTurns() && this.#hasOthers()
  }

  /** True while the work goes on: its last look at the inbox is not long ago. */
  get isRunning(): boolean {
    return !this.#isEnded && performance.now() - this.#sweptAtMs < longestSilenceMs
  }

  /** Starts no more turns and waits for those under way, for so long at most; answers whether all have ended. */
  async drain(patienceMs: number): Promise<boolean> {
    this.#isEnded = true
    clearTimeout(this.#sweeping)
    const ended = Promise.all(this.#running.values()).then(() => true)
    const isDrained = await inTime(ended, patienceMs, false)
    clearInterval(this.#renewing)
    return isDrained
  }

  async #sweepForEver(): Promise<void> {
    try {
      for (const account of await this.#options.sweep()) this.wake(account)
      this.#sweptAtMs = performance.now()
    } catch (error) {
      this.#tellTrouble(error, null)
    }
    if (!this.#isEnded) this.#sweeping = setTimeout(() => this.#sweepForEver(), sweepEveryMs)
  }

  async #renew(): Promise<void> {
    try {
      await this.#options.renew()
    } catch (error) {
      this.#tellTrouble(error, null)
    }
  }

  #fill(): void {
    for (const account of this.#waiting) {
      if (this.#isEnded || this.#running.size >= this.#options.mostTurns()) return
      // An account that is at work stays in line for its next turn: what woke it may have come after its last look.
      if (this.#running.has(account)) continue
      this.#waiting.delete(account)
      if (!this.#options.pauses.isResting(account)) void this.#start(account)
    }
  }

  // Those at work are in line for their own next turn.
  #hasOthers(): boolean {
    for (const account of this.#waiting) if (!this.#running.has(account)) return true
    return false
  }

  #start(account: string): Promise<void> {
    const turn = this.#run(account).finally(() => {
      this.#running.delete(account)
      this.#fill()
    })
    this.#running.set(account, turn)
    return turn
  }

  async #run(account: string): Promise<void> {
    const { takeTurn, onMore } = this.#options
    try {
      if ((await takeTurn(account)) === 'more') onMore(account)
    } catch (error) {
      this.#tellTrouble(error, account)
      this.#options.pauses.rest(account, codedErrorOf(error).code)
    }
  }

  #tellTrouble(error: unknown, account: string | null): void {
    this.#options.onTrouble(codedErrorOf(error).code, account)
  }
}
