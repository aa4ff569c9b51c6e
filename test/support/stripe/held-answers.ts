// Answers that are ready but kept back until the test lets each of them go, in the order of the test's choice.

export class HeldAnswers {
  readonly #releases: (() => void)[] = []
  readonly #released = new Set<number>()
  #waiting: readonly { readonly count: number; readonly resolve: () => void }[] = []

  /** Resolves as soon as this many answers have ever been held. */
  arrived(count = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { count, resolve }]
      this.#wake()
    })
  }

  /** Lets the answer go to the request that came as number `index`, from 0; one that is yet to come goes at once. */
  release(index = 0): void {
    this.#released.add(index)
    this.#releases[index]?.()
  }

  /** Lets all go that are held now. */
  releaseAll(): void {
    for (const index of this.#releases.keys()) this.release(index)
  }

  /** Waits until this answer may go; called by the server for each request that is meant. */
  pass(): Promise<void> {
    const index = this.#releases.length
    return new Promise((resolve) => {
      this.#releases.push(resolve)
      if (this.#released.has(index)) resolve()
      this.#wake()
    })
  }

  #wake(): void {
    const isDone = ({ count }: { count: number }): boolean => this.#releases.length >= count
    for (const { resolve } of this.#waiting.filter(isDone)) resolve()
    this.#waiting = this.#waiting.filter((waiting) => !isDone(waiting))
  }
}
