// Limits of time that hold on a machine busy with other tests, too.

/** How often work is done at most until it is done in time. */
const mostTries = 5

/** Returns the least milliseconds that work took: it is done again where others may have held it up. */
export const leastMsOf = async (work: () => Promise<unknown>, limitMs: number): Promise<number> => {
  let leastMs = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < mostTries && leastMs >= limitMs; tries += 1) {
    const started = performance.now()
    await work()
    leastMs = Math.min(leastMs, performance.now() - started)
  }
  return leastMs
}
