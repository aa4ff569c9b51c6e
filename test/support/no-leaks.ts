// Runs in every test file: no process that a test started may have printed a secret or personal data.

import { afterAll, afterEach, expect } from 'vitest'
import { takeLeaks } from './leaks.ts'

const expectNone = (): void => {
  expect(takeLeaks()).toEqual([])
}

afterEach(expectNone)
// Processes of a whole file end after its last test.
afterAll(expectNone)
