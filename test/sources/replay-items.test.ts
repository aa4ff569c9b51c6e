import { expect, test } from 'vitest'
import { waitingItem } from '../../src/sources/replay-items.ts'

test('an item that waits keeps nothing alive that was read beside it', () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  const { payload, size } = waitingItem({ account: 'acct_1', source: 'a:1', payload: chunk.subarray(7, 12) })
  expect([Buffer.from(payload).toString(), size]).toEqual(['xxxxx', 5])
  expect(payload.buffer.byteLength).toBeLessThan(chunk.length / 10)
})
