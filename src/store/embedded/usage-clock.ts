// Decides when a supervisor's server is no longer wanted.

/** The command that started the supervisor connects within milliseconds, if it still lives. */
const firstUserTimeoutMs = 5000

/** A command that is told to end has gone after this. */
const drainTimeoutMs = 10_000

/** Aborts its signal once nobody has used the server for a while. */
export class UsageClock {
  readonly #ending = new AbortController()
  #lingerMs: number
  #timer: NodeJS.Timeout
  #users = 0

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs
    this.#timer = setTimeout(() => this.#end(), firstUserTimeoutMs)
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  /** Takes note of how many users there are now. */
  count(users: number): void {
    this.#users = users
    clearTimeout(this.#timer)
    if (users === 0) this.#timer = setTimeout(() => this.#end(), this.#lingerMs)
  }

  /** From now on ends with the last user: there is nothing worth waiting for. */
  stopLingering(): void {
    this.#lingerMs = 0
  }

  /** Ends with the last user, but not much later: where a whole machine is shut down, commands drain first. */
  endSoon(): void {
    this.stopLingering()
    setTimeout(() => this.#end(), drainTimeoutMs)
    if (this.#users === 0) this.#end()
  }

  #end(): void {
    this.#ending.abort()
  }
}
