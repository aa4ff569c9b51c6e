// Accounts whose events wait for trouble out there to pass: Stripe or MongoDB away, a key refused. Guarantee: each
// account rests for itself, ever longer while its trouble lasts, and no other account waits for it.

import { grownPause, spreadPause } from '../../core/growing-pause.ts'

/** Stripe's own limits last seconds, an outage is asked after twice a minute. */
const restLengths = { firstMs: 1_000, longestMs: 30_000 }

/** Trouble that was not seen again for so long after a rest is over, or another process has it. */
const remembersMs = 60_000

interface Pause {
  readonly code: string
  readonly rests: number
  readonly endsAtMs: number
  /** Rows of the events that wait while the account's others go on; none where it is the account that rests. */
  readonly waiting: ReadonlySet<string>
}

/** Remembers which accounts rest, until when, and for what; times are milliseconds. */
export class AccountPauses {
  readonly #pauses = new Map<string, Pause>()
  readonly #random: () => number

  /** @param random from 0 up to 1, spreads the accounts that an outage left waiting */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Lets an account rest for the trouble named by a code, and returns for how many milliseconds. */
  rest(account: string, code: string): number {
    const { rests, pauseMs } = this.#next(account)
    this.#pauses.set(account, { code, rests, endsAtMs: performance.now() + pauseMs, waiting: new Set() })
    return pauseMs
  }

  /** Returns for how many milliseconds some events of an account have to wait, while its others go on. */
  putOff(account: string, code: string, rowIds: readonly string[]): number {
    const { rests, pauseMs } = this.#next(account)
    const waiting = new Set([...(this.#pauses.get(account)?.waiting ?? []), ...rowIds])
    this.#pauses.set(account, { code, rests, endsAtMs: performance.now(), waiting })
    return pauseMs
  }

  /** Ends an account's rests where no others wait than those of its last batch, which met no trouble. */
  end(account: string, rowIds: readonly string[]): void {
    const pause = this.#pauses.get(account)
    if (pause === undefined) return
    const waiting = new Set([...pause.waiting].filter((rowId) => !rowIds.includes(rowId)))
    if (waiting.size === 0) this.#pauses.delete(account)
    else this.#pauses.set(account, { ...pause, waiting })
  }

  isResting(account: string): boolean {
    return performance.now() < (this.#pauses.get(account)?.endsAtMs ?? 0)
  }

  #next(account: string): { readonly rests: number; readonly pauseMs: number } {
    const rests = this.#pauses.get(account)?.rests ?? 0
    return { rests: rests + 1, pauseMs: spreadPause(grownPause(restLengths, rests), this.#random()) }
  }

  /** The codes of the troubles that last. */
  codes(): readonly string[] {
    const now = performance.now()
    for (const [account, { endsAtMs }] of this.#pauses)
      if (now > endsAtMs + remembersMs) this.#pauses.delete(account)
    return [...new Set([...this.#pauses.values()].map(({ code }) => code))]
  }
}
