import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../src/core/account.ts'

describe('the settings of an account', () => {
  test('are those of the contract where no config lists it', () => {
    expect(defaultSettings('acct_1')).toEqual({
      id: 'acct_1',
      newContact: false,
      support: true,
      mappings: [],
    })
  })
})
