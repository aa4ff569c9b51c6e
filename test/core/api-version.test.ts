import { describe, expect, test } from 'vitest'
import { generationOf } from '../../src/core/api-version.ts'

describe('the generation of an API version', () => {
  test.each([null, '2020-08-27', '2024-12-18.acacia', '2025-02-24.acacia', '2025-03-30.preview'])(
    'is the older one for %s',
    (version) => {
      expect(generationOf(version)).toBe('before_basil')
    },
  )

  test.each(['2025-03-31', '2025-03-31.basil', '2025-09-30.clover', '2026-10-28.endive'])(
    'is the newer one for %s',
    (version) => {
      expect(generationOf(version)).toBe('since_basil')
    },
  )
})
