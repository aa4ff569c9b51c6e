// What is said of an object that lacks a key. valibot says only that it does: not what was expected there.

import * as v from 'valibot'

/** What is said of an issue. */
export type Words = (issue: v.BaseIssue<unknown>) => string

/**
 * Returns what is said of an object with these entries that lacks one: what the entry's own schema says of nothing.
 * @param words says it where that schema has no words of its own
 */
export const wordsOfLack =
  (entries: v.ObjectEntries, words?: Words): Words =>
  (issue) => {
    const key = String(issue.path?.at(-1)?.key)
    // A key that is none of the entries is told by whoever shows the issue.
    if (!Object.hasOwn(entries, key)) return issue.message
    const { issues } = v.safeParse(entries[key] as v.GenericSchema, undefined, { message: words }) // only ever synchronous
    return issues?.[0].message ?? issue.message
  }
