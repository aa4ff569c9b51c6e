import { expect, test } from 'vitest'
import { conflictOf } from '../../src/config/mapping-conflicts.ts'

const rulesTo = (...targets: readonly string[]) => targets.map((to, index) => ({ from: `f${index}`, to }))

test.each([
  [[]],
  [['a', 'b']],
  [['a.b', 'a.c']],
  [['a', 'ab']],
  [['a.b', 'ab']],
  [['custom.plan', 'custom.planned']],
])('mappings to %j stand together', (targets) => {
  expect(conflictOf(rulesTo(...targets))).toBeNull()
})

test.each([[['a', 'x', 'a']], [['a', 'x', 'a.b']], [['a.b.c', 'x', 'a']]])(
  'of mappings to %j the first and the last are named',
  (targets) => {
    expect(conflictOf(rulesTo(...targets))).toMatch(/^\{"from":"f0".*\} and \{"from":"f2".*\} write to/)
  },
)
