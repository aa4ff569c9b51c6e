// Mappings that are each sound and can't stand together: the contact would keep what one of them wrote, and lose the rest.

import type { MappingRule } from '../core/mapping.ts'

/** Returns which two rules write to one contact field, or one into what the other writes; null where none do. */
export const conflictOf = (rules: readonly MappingRule[]): string | null => {
  for (const [index, rule] of rules.entries()) {
    const other = rules.slice(0, index).find(({ to }) => isWithin(to, rule.to) || isWithin(rule.to, to))
    if (other === undefined) continue
    return `${textOf(other)} and ${textOf(rule)} write to the same contact field; give each a field of its own`
  }
  return null
}

const isWithin = (path: string, other: string): boolean => path === other || path.startsWith(`${other}.`)

const textOf = ({ from, to }: MappingRule): string => JSON.stringify({ from, to })
