import { describe, expect, test } from 'vitest'
import { groupBy } from '../../src/core/group-by.ts'

describe('grouping', () => {
  test('keeps groups and items in the order they first came', () => {
    const groups = groupBy(['charge', 'invoice', 'customer', 'item', 'coupon'], (noun) => noun[0])
    expect([...groups]).toEqual([
      ['c', ['charge', 'customer', 'coupon']],
      ['i', ['invoice', 'item']],
    ])
  })

  test('makes no group out of no items', () => {
    expect([...groupBy([], String)]).toEqual([])
  })
})
