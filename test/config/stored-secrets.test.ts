import { expect, test } from 'vitest'
import { readStoredSecrets } from '../../src/config/stored-secrets.ts'
import { BillingSyncError } from '../../src/errors.ts'

const secret = 'whsec_0123456789abcdef'

test('stored secrets are those of the list, without blanks around them', () => {
  expect(readStoredSecrets('acct_1', [secret, ` ${secret}_rolled\n`])).toEqual([secret, `${secret}_rolled`])
})

test.each([
  [[''], 'number 1: expected secrets of 16 characters or more'],
  [[secret, 'sekret'], 'number 2: expected secrets of 16 characters or more'],
  [['sk_test_sekret_of_an_api'], 'number 1: expected the signing secret of an endpoint'],
  [[123], 'number 1: expected a text, got a number'],
  [[null], 'number 1: expected a text, got null'],
  [[{ sekret: 1 }], 'number 1: expected a text, got an object'],
  [`${secret}_sekret`, 'expected a list, got a text'],
])('%j is no list of secrets: the account is named, the value is not', (stored, problem) => {
  const read = () => readStoredSecrets('acct_1', stored)
  expect(read).toThrowError(BillingSyncError)
  expect(read).toThrowError(`webhook_secrets: those of acct_1 in billing.accounts: ${problem}`)
  expect(read).not.toThrowError('sekret')
})
