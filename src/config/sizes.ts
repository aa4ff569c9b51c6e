// Sizes as people write them: bytes, or with a unit (`4MiB`).

import bytes from 'bytes'
import * as v from 'valibot'

const asSize = /^\d+(\.\d+)?\s*([kmg]i?b|b)?$/i

/** Returns a size such as `4MiB`, `512kb` or `1048576` in bytes (units count in 1024), or null where the text is none. */
export const parseSize = (text: string): number | null => {
  const size = asSize.test(text) ? bytes.parse(text.replace(/ib$/i, 'b')) : null
  return size !== null && size > 0 ? size : null
}

const expected = 'expected a size such as 4MiB'

/** A size such as `4MiB`, or a number of bytes. */
export const byteSize = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.finite(expected))], expected),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
    const size = parseSize(String(value))
    if (size !== null) return size
    addIssue({ message: `${expected}, got "${value}"` })
    return NEVER
  }),
)
