import * as v from 'valibot'
import { expect, test } from 'vitest'
import { wordsOfIssue } from '../../src/config/schema-words.ts'

const said = (schema: v.GenericSchema, value: unknown): string | undefined =>
  v.safeParse(schema, value, { message: wordsOfIssue }).issues?.[0].message

test.each<[v.GenericSchema, unknown, string]>([
  [v.string(), undefined, 'expected a text, got nothing'],
  [v.string(), null, 'expected a text, got null'],
  [v.number(), ['sekret'], 'expected a number, got a list'],
  [v.boolean(), 'sekret', 'expected true or false, got a text'],
  [v.object({}), 7, 'expected an object, got a number'],
  [v.array(v.string()), {}, 'expected a list, got an object'],
  [v.pipe(v.array(v.string()), v.maxLength(1)), ['a', 'b'], 'expected at most 1 entries, got 2'],
  [v.pipe(v.string(), v.maxLength(2)), 'sekret', 'expected at most 2 characters, got 6'],
  [v.pipe(v.string(), v.email()), 'sekret', 'it is invalid'],
])('a value of the wrong kind is told without itself', (schema, value, words) => {
  expect(said(schema, value)).toBe(words)
})

test("a schema's own words come first", () => {
  expect(said(v.string('expected a name'), 7)).toBe('expected a name')
})
