// Bounds what can't be cut off, such as a request of the SDK, by a signal.

/**
 * Returns what the work comes to. Rejects with the signal's reason where that aborted and the work is still not through a
 * grace of so many milliseconds later; the work itself goes on, and nobody hears of it any more.
 */
export const untilAborted = <Result>(
  work: Promise<Result>,
  signal: AbortSignal,
  graceMs: number,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const beginGrace = (): void => {
      timer = setTimeout(() => reject(signal.reason), graceMs)
    }
    if (signal.aborted) beginGrace()
    else signal.addEventListener('abort', beginGrace, { once: true })
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', beginGrace)
    }
    work.then(resolve, reject).finally(settle)
  })
