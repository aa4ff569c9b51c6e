import { expect, test } from 'vitest'
import { printable } from '../../src/core/printable.ts'

test.each([
  ['an escape sequence', '\u001b[2J', '?[2J'],
  ['one of a single C1 character', '\u009b2J', '?2J'],
  ['a change of the writing direction', 'a\u202eb\u2066c', 'a?b?c'],
  ['an end of line', 'a\nb\u2028c', 'a?b?c'],
])('%s is nothing that a terminal obeys any more', (_name, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('any script stays as it is', () => {
  expect(printable('naïve 価格 שלום 🙂')).toBe('naïve 価格 שלום 🙂')
})
