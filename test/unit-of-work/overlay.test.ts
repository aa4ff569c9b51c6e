import { describe, expect, test } from 'vitest'
import { Overlay } from '../../src/unit-of-work/overlay.ts'

interface Room {
  readonly id: string
  readonly guests: readonly string[]
}

const room = (id: string, ...guests: readonly string[]): Room => ({ id, guests })

/** An overlay over rooms, found by their guests, and every read that it made. */
const openRooms = (...stored: readonly Room[]) => {
  const reads: string[] = []
  const undos: { readonly slot: { now: unknown }; readonly previous: unknown }[] = []
  const overlay = new Overlay<Room>({
    idOf: ({ id }) => id,
    finders: [{ name: 'guest', valuesOf: ({ guests }) => guests }],
    source: {
      byIds: async (ids) => {
        reads.push(`ids ${ids.join()}`)
        return stored.filter(({ id }) => ids.includes(id))
      },
      byValues: async (finder, values) => {
        reads.push(`${finder} ${values.join()}`)
        return stored.filter(({ guests }) => guests.some((guest) => values.includes(guest)))
      },
    },
    onPut: (undo) => undos.push(undo),
  })
  return { overlay, reads, undos }
}

describe('getting by id', () => {
  test('answers what the database holds, or null', async () => {
    const { overlay } = openRooms(room('a'))
    expect(await overlay.get('a')).toEqual(room('a'))
    expect(await overlay.get('b')).toBeNull()
  })

  test('reads each id once, those of one turn together', async () => {
    const { overlay, reads } = openRooms(room('a'), room('b'))
    await Promise.all([overlay.get('a'), overlay.get('b'), overlay.get('none')])
    await overlay.getAll(['a', 'none', 'b'])
    await overlay.load(['a'])
    expect(reads).toEqual(['ids a,b,none'])
  })

  test('answers several in the order they are asked for', async () => {
    const { overlay } = openRooms(room('a'), room('b'))
    expect(await overlay.getAll(['b', 'none', 'a'])).toEqual([room('b'), room('a')])
  })
})

describe('what the batch has put', () => {
  test('is what every look-up answers', async () => {
    const { overlay, reads } = openRooms(room('a', 'ann'))
    await overlay.get('a')
    overlay.put(room('a', 'bob'))
    expect(await overlay.get('a')).toEqual(room('a', 'bob'))
    expect(await overlay.getAll(['a'])).toEqual([room('a', 'bob')])
    expect(await overlay.findBy('guest', 'bob')).toEqual([room('a', 'bob')])
    expect(reads).toEqual(['ids a', 'guest bob'])
  })

  test('is found beside what the database holds, sorted by id', async () => {
    const { overlay } = openRooms(room('b', 'ann'), room('d', 'ann'))
    overlay.put(room('c', 'ann'))
    overlay.put(room('a', 'ann', 'bob'))
    const found = await overlay.findBy('guest', 'ann')
    expect(found.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('is no longer found under values that it lost', async () => {
    const { overlay } = openRooms(room('a', 'ann'))
    expect(await overlay.findBy('guest', 'ann')).toHaveLength(1)
    overlay.put(room('a', 'bob'))
    expect(await overlay.findBy('guest', 'ann')).toEqual([])
  })

  test('is not undone by a later read of the old state', async () => {
    const { overlay } = openRooms(room('a', 'ann'))
    await overlay.get('a')
    overlay.put(room('a', 'bob'))
    expect(await overlay.findBy('guest', 'ann')).toEqual([])
    expect(await overlay.get('a')).toEqual(room('a', 'bob'))
  })

  test('is found by a finder that was asked before', async () => {
    const { overlay, reads } = openRooms()
    expect(await overlay.findBy('guest', 'ann')).toEqual([])
    overlay.put(room('a', 'ann'))
    expect(await overlay.findBy('guest', 'ann')).toEqual([room('a', 'ann')])
    expect(reads).toEqual(['guest ann'])
  })

  test('is told to the listener with what was there before', async () => {
    const { overlay, undos } = openRooms(room('a', 'ann'))
    await overlay.get('a')
    overlay.put(room('a', 'bob'))
    overlay.put(room('b'))
    expect(undos.map(({ previous }) => previous)).toEqual([room('a', 'ann'), null])
  })

  test('is gone from every finder once it is taken back', async () => {
    const { overlay, undos } = openRooms(room('a', 'ann'))
    await overlay.get('a')
    overlay.put(room('a', 'bob'))
    for (const { slot, previous } of undos.splice(0)) slot.now = previous
    expect(await overlay.findBy('guest', 'bob')).toEqual([])
    expect(await overlay.findBy('guest', 'ann')).toEqual([room('a', 'ann')])
    expect([...overlay.changedSlots()]).toEqual([])
  })
})

describe('finding by a value', () => {
  test('reads each value once, those of one turn together', async () => {
    const { overlay, reads } = openRooms(room('a', 'ann'))
    await Promise.all([overlay.findBy('guest', 'ann'), overlay.findBy('guest', 'bob')])
    await overlay.findBy('guest', 'ann')
    expect(reads).toEqual(['guest ann,bob'])
  })

  test('keeps what it found for look-ups by id', async () => {
    const { overlay, reads } = openRooms(room('a', 'ann'))
    await overlay.findBy('guest', 'ann')
    expect(await overlay.get('a')).toEqual(room('a', 'ann'))
    expect(reads).toEqual(['guest ann'])
  })

  test('takes hostile values as plain ones', async () => {
    const { overlay } = openRooms(room('a', '__proto__', 'constructor'))
    expect(await overlay.findBy('guest', '__proto__')).toEqual([room('a', '__proto__', 'constructor')])
    expect(await overlay.findBy('guest', 'toString')).toEqual([])
  })
})

describe('the changed slots', () => {
  test('are those put, with what the database held', async () => {
    const { overlay } = openRooms(room('a', 'ann'), room('b'))
    await overlay.load(['a', 'b', 'new'])
    overlay.put(room('a', 'bob'))
    overlay.put(room('a', 'eve'))
    overlay.put(room('new'))
    expect([...overlay.changedSlots()]).toEqual([
      { id: 'a', before: room('a', 'ann'), now: room('a', 'eve') },
      { id: 'new', before: null, now: room('new') },
    ])
  })
})
