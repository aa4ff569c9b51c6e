import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { systemErrorCode } from '../../src/core/system-error-code.ts'

test('the code of an error is the word of the operating system', async () => {
  const error = await readFile('/there/is/none').catch((thrown: unknown) => thrown)
  expect(systemErrorCode(error)).toBe('ENOENT')
})

test.each([new TypeError('x'), undefined, null, 'ENOENT', { code: 'ENOENT' }])('%s has no code', (thrown) => {
  expect(systemErrorCode(thrown)).toBeNull()
})
