// Sizes as people write them: bytes, or with a unit (`4MiB`).

import bytes from 'bytes'
import { z } from 'zod'

const asSize = /^\d+(\.\d+)?\s*([kmg]i?b|b)?$/i

/** Returns a size such as `4MiB`, `512kb` or `1048576` in bytes (units count in 1024), or null where the text is none. */
export const parseSize = (text: string): number | null => {
  const size = asSize.test(text) ? bytes.parse(text.replace(/ib$/i, 'b')) : null
  return size !== null && size > 0 ? size : null
}

/** A size such as `4MiB`, or a number of bytes. */
export const byteSize = z
  .union([z.string(), z.number()], 'expected a size such as 4MiB')
  .transform((given, context) => {
    const size = parseSize(String(given))
    if (size !== null) return size
    context.addIssue({ code: 'custom', message: `expected a size such as 4MiB, got "${given}"` })
    return z.NEVER
  })
