import { expect, test } from 'vitest'
import { patiently } from '../../src/pipeline/patience.ts'
import { leastMsOf } from '../support/least-time.ts'

// A pause that doubles would have taken at least 1.5 s by the tenth loss, whatever is drawn.
test('after commits lost to a busy neighbour the next try comes soon', async () => {
  const losing = async () => {
    let lost = 0
    const result = await patiently(() => Promise.resolve(lost < 10 ? null : 'committed'), {
      onLostCommit: () => {
        lost += 1
      },
      random: () => 0.99,
    })
    expect([result, lost]).toEqual(['committed', 10])
  }
  expect(await leastMsOf(losing, 1_000)).toBeLessThan(1_000)
})
