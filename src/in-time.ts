// Bounds a wait for work that nothing can cut off. Guarantee: no timer is left once the work has come to its end; the
// work itself goes on, and nobody hears of it any more.

/**
 * Answers what the work comes to, or what stands for it where it is not through in so many milliseconds. Rejects as the
 * work does in that time.
 */
export const inTime = async <Result, Late>(
  work: Promise<Result>,
  patienceMs: number,
  late: Late,
): Promise<Result | Late> => {
  let timer: NodeJS.Timeout | undefined
  const ended = new Promise<Late>((resolve) => {
    timer = setTimeout(resolve, patienceMs, late)
  })
  try {
    return await Promise.race([work, ended])
  } finally {
    clearTimeout(timer)
  }
}
