import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/sources/parse-entry.ts'
import { loadEvent } from '../support/fixture-files.ts'

const event = loadEvent('charge.succeeded.endive')

/** Bytes that lie in the middle of others, as those that were read from a file do. */
const amidst = (text: string): Uint8Array => Buffer.from(`x${text}x`).subarray(1, -1)

describe('the bytes of an entry', () => {
  test.each([
    ['in plain ASCII', 'basic'],
    ['in any script', 'Größe 大 🎉'],
  ])('are the event that they hold %s', (_, plan) => {
    const told = { ...event, data: { ...event.data, object: { ...event.data.object, metadata: { plan } } } }
    expect(parseEntry(amidst(JSON.stringify(told)))).toMatchObject({
      event: { id: event.id, type: 'charge.succeeded', object: { metadata: { plan } } },
    })
  })

  test.each([
    ['cut off', '{"name":"Ann'],
    ['two on one line', '{"name":"Ann"}{"name":"Bob"}'],
  ])('are told as no JSON without a word of theirs: %s', (_what, text) => {
    expect(parseEntry(Buffer.from(text))).toEqual({
      problem: 'it is not valid JSON, or several values where one is expected',
    })
  })

  test('are told as no event where they are other JSON', () => {
    expect(parseEntry(Buffer.from('[]'))).toHaveProperty('problem')
  })
})
