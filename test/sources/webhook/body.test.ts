import { expect, test } from 'vitest'
import { BodyRoom } from '../../../src/sources/webhook/body.ts'

const mebibyte = 1024 * 1024

test('all bodies together hold 64 MiB at most, and give back what they held', () => {
  const room = new BodyRoom()
  const [first, second] = [room.enter(), room.enter()]
  expect(first?.grow(60 * mebibyte)).toBe(true)
  expect(second?.grow(4 * mebibyte)).toBe(true)
  expect(second?.grow(1)).toBe(false)
  first?.leave()
  expect(second?.grow(60 * mebibyte)).toBe(true)
  expect(room.enter()?.grow(1)).toBe(false)
})

test('a request finds a place where there are fewer than 1,024', () => {
  const room = new BodyRoom()
  const places = Array.from({ length: 1_024 }, () => room.enter())
  expect(places).not.toContain(null)
  expect(room.enter()).toBeNull()
  places[0]?.leave()
  expect(room.enter()).not.toBeNull()
})
