import { beforeAll, describe, expect, test } from 'vitest'
import type { DocumentChange } from '../../src/core/document-change.ts'
import { changesInJson, formatChanges, listChanges } from '../../src/ui/changes-table.ts'
import { decideColour } from '../../src/ui/colour.ts'

beforeAll(() => decideColour({ isTTY: false } as NodeJS.WriteStream)) // all that is looked at

const change = (fields: DocumentChange['fields'], stripe_id = 'ch_1', isNew = false): DocumentChange => ({
  account: 'acct_1',
  collection: 'billing.charges',
  stripe_id,
  fields,
  isNew,
})

const textOf = (changes: readonly DocumentChange[]): string => formatChanges(listChanges(changes))

describe('what a dry run would change', () => {
  test('is each field of documents that are there, and the size of new ones', () => {
    const text = textOf([
      change({ '/status': { from: 'pending', to: 'succeeded' }, '/note': { from: 1 } }),
      change({ '/id': { to: 'ch_2' }, '/amount': { to: 5 } }, 'ch_2', true),
    ])
    expect(text.split('\n')).toEqual([
      '2 documents would change:',
      '',
      '  billing.charges ch_1  of acct_1',
      `    ${'/status'.padEnd(30)} ${'"pending"'.padEnd(21)} → "succeeded"`,
      `    ${'/note'.padEnd(30)} ${'1'.padEnd(21)} → absent`,
      '  billing.charges ch_2  would be made, 2 fields',
    ])
  })

  test('is each field of one that is there and only gains some', () => {
    const text = textOf([change({ '/deleted': { to: true } })])
    expect(text.split('\n').slice(2)).toEqual([
      '  billing.charges ch_1  of acct_1',
      `    ${'/deleted'.padEnd(30)} ${'absent'.padEnd(21)} → true`,
    ])
  })

  test('says for scripts of each field what was, and nothing besides', () => {
    const listed = listChanges([change({ '/id': { to: 'ch_2' } }, 'ch_2', true)])
    expect(changesInJson(listed)).toEqual({
      changes: [
        {
          account: 'acct_1',
          collection: 'billing.charges',
          stripe_id: 'ch_2',
          fields: { '/id': { to: 'ch_2' } },
        },
      ],
      changes_omitted: 0,
    })
  })

  test('keeps to 80 columns and to characters that a terminal shows', () => {
    const long = 'x'.repeat(300)
    const text = textOf([change({ [`/${long}\u001b[2J`]: { from: `\u009b31m${long}`, to: long } })])
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test('ends after 200 lines, counting the rest', () => {
    const many = Array.from({ length: 150 }, (_, index) =>
      change({ '/a': { from: 1, to: 2 } }, `ch_${index}`),
    )
    const lines = formatChanges({ changes: many, changes_omitted: 7 }).split('\n')
    expect(lines).toHaveLength(203)
    expect(lines[0]).toBe('157 documents would change:')
    expect(lines.at(-1)).toBe('  … and 100 more lines; --json lists them')
  })

  test('is listed up to 10,000 documents, and counted beyond', () => {
    const many = Array.from({ length: 10_003 }, (_, index) => change({ '/a': { to: 1 } }, `ch_${index}`))
    expect(listChanges(many)).toEqual({ changes: many.slice(0, 10_000), changes_omitted: 3 })
  })

  test('is said where it is nothing', () => {
    expect(textOf([])).toBe('No document would change.')
  })
})
