import { describe, expect, test } from 'vitest'
import { formatOf } from '../../../src/sources/files/input-format.ts'

const event = '{"object":"event","id":"evt_1"}'
const list = `{"object":"list","data":[${event}]}`

describe('the format of an input that has only begun', () => {
  test.each<[string, string, string, 'lines' | 'values' | null]>([
    ['an event in its line', '-', `${event}\n`, 'lines'],
    ['an event whose line goes on', '-', event, null],
    ['an event over several lines', '-', '{\n  "id":', 'values'],
    ['an array', '-', '[\n', 'values'],
    ['a list in its line', '-', `${list}\n`, 'values'],
    ['blank lines', '-', '\n \n', null],
    ['a damaged first line', '-', `no JSON\n${event}\n`, null],
    ['a name that promises lines', 'a.jsonl', '', 'lines'],
    ['such a name, compressed', 'a.ndjson.gz', '{', 'lines'],
  ])('%s', (_, path, head, format) => {
    expect(formatOf(path, Buffer.from(head), false)).toBe(format)
  })
})

describe('the format of an input of which no more is looked at', () => {
  test.each<[string, string, 'lines' | 'values']>([
    ['an event without an end of line', event, 'lines'],
    ['a damaged line before an event', `no JSON\n${event}`, 'lines'],
    ['damaged lines alone', 'no JSON\nnor this\n', 'values'],
    ['nothing', '', 'values'],
  ])('%s', (_, head, format) => {
    expect(formatOf('a.json', Buffer.from(head), true)).toBe(format)
  })
})
