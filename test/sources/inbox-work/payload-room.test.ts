import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { PayloadRoom } from '../../../src/sources/inbox-work/payload-room.ts'

const megabyte = 1024 * 1024

test('payload of the inbox is loaded only while there is room for it', async () => {
  const room = new PayloadRoom()
  const loaded: number[] = []
  const load = (number: number) =>
    room.load(async () => {
      loaded.push(number)
      return { events: [{ payload: new Uint8Array(7 * megabyte) }] }
    })
  const batches = [1, 2, 3, 4, 5].map(load)
  // Two leave room for one more, three fill it.
  const first = await Promise.all(batches.slice(0, 3))
  await nextTurnOfLoop()
  expect(loaded).toEqual([1, 2, 3])
  for (const [index, batch] of first.entries()) {
    room.free(batch)
    await batches[3 + index]
    await nextTurnOfLoop()
    expect(loaded.length).toBe(Math.min(4 + index, 5))
  }
})
