// An input that may stay open and say nothing for hours, such as a pipe.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { inTime } from '../../in-time.ts'

/** How long an input says nothing before it counts as silent. */
const silentMs = 200

/**
 * Yields what an input yields, and does something else whenever that is silent. Throws what either of them throws. Who
 * takes no more has to end the input: it may be waiting, and is not waited for.
 * @param meanwhile learns from `isOver` that the input has gone on
 */
export async function* heedSilence<Item>(
  input: AsyncGenerator<Item>,
  meanwhile: (isOver: () => boolean) => Promise<void>,
): AsyncGenerator<Item> {
  for (;;) {
    const result = await nextOf(input, meanwhile)
    if (result.done === true) return
    yield result.value
  }
}

const nextOf = async <Item>(
  input: AsyncGenerator<Item>,
  meanwhile: (isOver: () => boolean) => Promise<void>,
): Promise<IteratorResult<Item, unknown>> => {
  let isOver = false
  const next = input.next().finally(() => {
    isOver = true
  })
  if ((await inTime(next, silentMs, null)) !== null) return next
  // A thread that was busy for so long hears of the time before it hears of the input.
  await nextTurn()
  if (isOver) return next
  const settled = meanwhile(() => isOver)
  return Promise.race([next, settled.then(() => next)])
}
