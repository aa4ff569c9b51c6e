import { expect, test } from 'vitest'
import { patiently } from '../../src/pipeline/patience.ts'

// A pause that doubles would have taken at least 1.5 s by the tenth loss, whatever is drawn.
test('after commits lost to a busy neighbour the next try comes soon', async () => {
  let lost = 0
  const started = performance.now()
  const result = await patiently(() => Promise.resolve(lost < 10 ? null : 'committed'), {
    onLostCommit: () => {
      lost += 1
    },
    random: () => 0.99,
  })
  expect(result).toBe('committed')
  expect(lost).toBe(10)
  expect(performance.now() - started).toBeLessThan(1_000)
})
