import { expect, test } from 'vitest'
import { z } from 'zod'
import { wordsOfIssue } from '../../src/config/schema-words.ts'

const said = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value, { error: wordsOfIssue }).error?.issues[0]?.message

test.each<[z.ZodType, unknown, string]>([
  [z.string(), undefined, 'expected a text, got nothing'],
  [z.string(), null, 'expected a text, got null'],
  [z.boolean(), 'sekret', 'expected true or false, got a text'],
  [z.strictObject({}), [], 'expected an object, got a list'],
  [z.array(z.string()), {}, 'expected a list, got an object'],
  [z.array(z.string()).max(1), ['a', 'b'], 'expected at most 1 entries, got 2'],
  [z.string().max(2), 'sekret', 'expected at most 2 characters, got 6'],
])('a value of the wrong kind is told without itself', (schema, value, words) => {
  expect(said(schema, value)).toBe(words)
})

test("a schema's own words come first", () => {
  expect(said(z.string('expected a name'), 7)).toBe('expected a name')
})
