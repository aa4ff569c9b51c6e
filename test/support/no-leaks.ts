// Runs in every test file: no process that a test started may have printed a secret or personal data.

import { afterAll, beforeEach, expect, onTestFinished } from 'vitest'
import { takeLeaks } from './leaks.ts'

const expectNone = (): void => {
  expect(takeLeaks()).toEqual([])
}

// What is asked for first is done last: the processes of a test have ended by then.
beforeEach(() => onTestFinished(expectNone))
// Processes of a whole file end after its last test.
afterAll(expectNone)
