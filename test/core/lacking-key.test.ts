import * as v from 'valibot'
import { expect, test } from 'vitest'
import { wordsOfLack } from '../../src/core/lacking-key.ts'

const entries = { name: v.string('expected a name'), age: v.number() }
const schema = v.strictObject(
  entries,
  wordsOfLack(entries, ({ type }) => `expected a ${type}`),
)

const told = (value: unknown): string | undefined => {
  const issue = v.safeParse(schema, value).issues?.[0]
  return issue && `${v.getDotPath(issue)}: ${issue.message}`
}

test("a key that lacks is told in its schema's own words, else in those of all", () => {
  expect(told({ age: 7 })).toBe('name: expected a name')
  expect(told({ name: 'Ann' })).toBe('age: expected a number')
})

test.each(['other', 'constructor', '__proto__'])('a key that is none of the entries may be %s', (key) => {
  const value = JSON.parse(`{"name":"Ann","age":7,"${key}":{}}`)
  expect(told(value)).toMatch(new RegExp(`^${key}: `))
})
