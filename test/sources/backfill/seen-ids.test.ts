import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeenIds } from '../../../src/sources/backfill/seen-ids.ts'

describe('ids that were seen', () => {
  test('are found, and no others', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 12 })), fc.nat(), (ids, cut) => {
        const seen = new SeenIds()
        const added = ids.slice(0, cut % (ids.length + 1))
        for (const id of [...added, ...added]) seen.add(id)
        expect(ids.map((id) => seen.has(id))).toEqual(ids.map((id) => added.includes(id)))
      }),
    )
  })

  test('are found among hundreds of thousands in little memory', () => {
    const seen = new SeenIds()
    const before = process.memoryUsage().arrayBuffers
    for (let index = 0; index < 300_000; index += 1) seen.add(`ch_3N${index}`)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(300_000 * 40)
    for (let index = 0; index < 300_000; index += 997) expect(seen.has(`ch_3N${index}`)).toBe(true)
    for (let index = 300_000; index < 600_000; index += 97) expect(seen.has(`ch_3N${index}`)).toBe(false)
  })
})
