import { describe, expect, test } from 'vitest'
import { normaliseEmail } from '../../src/core/email.ts'

describe('an e-mail address as a key', () => {
  test('has neither blanks around it nor capital letters', () => {
    expect(normaliseEmail('  Ann.Lee@Example.COM\t')).toBe('ann.lee@example.com')
  })

  test('is empty where there are only blanks', () => {
    expect(normaliseEmail(' \n ')).toBe('')
  })
})
