import { describe, expect, test } from 'vitest'
import { largestEntryBytes } from '../../../src/sources/files/raw-entry.ts'
import { splitJson } from '../../../src/sources/files/split-json.ts'
import { collect, inChunks, shown } from './entries.ts'

const read = async (text: string, chunkBytes = text.length || 1) =>
  (await collect(splitJson(inChunks(text, chunkBytes)))).flat().map(shown)

const event = '{"id":"evt_1","data":{"object":{"a":[1,{"b":"]}"}]}}}'
const other = '{"id":"evt_2"}'

describe('the entries of a JSON document', () => {
  test.each<[string, string, readonly string[]]>([
    ['one object', event, [event]],
    ['an array', `[${event},\n ${other} ]`, [event, other]],
    ['an empty array', '[]', []],
    ['nothing but white space', ' \n\t ', []],
    ['a list', `{"object":"list","data":[${event},${other}],"has_more":false}`, [event, other]],
    ['a list whose other fields come first', `{"url":"[{","data" : [ ${event} ]}`, [event]],
    ['an empty list', '{"object":"list","data":[]}', []],
    ['objects after one another', `${event}${other}\n${event}`, [event, other, event]],
    ['a list that tells last what it is', `{"data":[${event}],"object":"list"}`, [event]],
    ['an empty list that does', '{"data":[],"object":"list"}', []],
    [
      'a list that has "object" as a value',
      `{"a":"object","b":"list","c":"object","data":[${event}]}`,
      [event],
    ],
    [
      'a list after what is none',
      `{"object":"event","data":{}}{"data":[${event}]}`,
      ['{"object":"event","data":{}}', event],
    ],
    ['lists after one another', `{"data":[${event}]}{"data":[${other}]}`, [event, other]],
    ['arrays in an array', `[[${event}],${other}]`, [`[${event}]`, other]],
  ])('are found in %s', async (_, text, entries) => {
    expect(await read(text)).toEqual(entries)
  })

  test('are the same however the bytes are cut', async () => {
    const text = `{"object":"list","dat":[1],"data":[ ${event} , "x\\"y" ,${other}, 7]} [${other}]`
    const whole = await read(text)
    expect(whole).toEqual([event, '"x\\"y" ', other, '7', other])
    for (const bytes of [1, 2, 3, 7, 11]) expect(await read(text, bytes)).toEqual(whole)
  })

  test('are the bytes they stand in, escapes and strange characters too', async () => {
    const odd = '{"a":"\\u0000\\ud800 🦊 \\\\","b":1.00}'
    expect(await read(`[${odd}]`, 1)).toEqual([odd])
  })

  test('are numbered from one', async () => {
    const entries = await collect(splitJson(inChunks(`[${event},3,${other}]`, 5)))
    expect(entries.flat().map(({ ordinal }) => ordinal)).toEqual([1, 2, 3])
  })

  test('do not include lists that an event holds under data', async () => {
    const text = `{"id":"evt_1","data":{"data":[${other}]}}`
    expect(await read(text)).toEqual([text])
  })
})

describe('a damaged entry', () => {
  test.each<[string, string, readonly string[]]>([
    ['a word', `[${event},nonsense,${other}]`, [event, 'nonsense', other]],
    ['a value that JSON has not', `[{"id":NaN},${other}]`, ['{"id":NaN}', other]],
    ['a missing comma', `[${event}${other}]`, [event, other]],
    ['the wrong bracket', `[{"id":1],${other}]`, ['{"id":1]', other]],
    ['lines of text', `hello you\n${event}\nbye\n`, ['hello you', event, 'bye']],
    [
      'a bracket too many',
      `${event}]${other}`,
      [event, 'it is a closing bracket that nothing opened', other],
    ],
  ])('takes no other with it: %s', async (_, text, entries) => {
    expect(await read(text)).toEqual(entries)
  })

  test.each<[string, string]>([
    ['says that it is an event', '{"id":"evt_1","object":"event","data":[]}'],
    ['says so before a key that is "list"', '{"object":"event","list":1,"data":[]}'],
    ['says that it is another list', `{"object":"search_result","data":[${event}]}`],
    ['says that it is a number', '{"object":7,"data":[]}'],
  ])('is read whole where it has an array under data and %s', async (_, text) => {
    expect(await read(`${text}${other}`, 3)).toEqual([text, other])
  })

  const noList = 'it has an array under data, but is no list by its object'

  test.each<[string, string, readonly string[]]>([
    ['says so behind its entries', `{"data":[${event}],"object":"event"}`, [event, noList]],
    ['says nothing and has no entry', '{"foo":"list","data":[],"bar":"list"}', [noList]],
  ])('is told where it has an array under data and %s', async (_, text, entries) => {
    expect(await read(`${text}${other}`, 3)).toEqual([...entries, other])
  })

  test.each<[string, string]>([
    ['in an object', '{"id":"evt_2","da'],
    ['in a string', '"evt'],
    ['between entries', '['],
  ])('is told where the input ends %s', async (_, rest) => {
    expect(await read(`${event}${rest}`)).toEqual([event, 'the input ends in the middle of it'])
  })
})

describe('an entry that is too large', () => {
  const large = 'x'.repeat(largestEntryBytes)

  test.each<[string, string]>([
    ['an object', `[${other},{"a":"${large}"},${event}]`],
    ['a string', `[${other},"${large}",${event}]`],
  ])('is left out, the others are read: %s', async (_, text) => {
    expect(await read(text, 1024 * 1024)).toEqual([other, 'it is larger than 15 MiB', event])
  })

  test('is one of more than 15 MiB', async () => {
    const fitting = `{"a":"${large.slice('{"a":""}'.length)}"}`
    expect((await read(`[${fitting}]`, 1024 * 1024))[0]).toHaveLength(largestEntryBytes)
  })
})
