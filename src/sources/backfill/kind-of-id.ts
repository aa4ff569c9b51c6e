// Which object an id may be of, by its prefix where that tells.

import type { ObjectKind } from '../../core/object-kinds.ts'
import { listRows, type ResourceName, resourceNames } from './resources.ts'

const prefixes: Readonly<Record<string, ObjectKind>> = {
  cus: 'customer',
  prod: 'product',
  sub: 'subscription',
  in: 'invoice',
  ch: 'charge',
  // Charges and refunds of payment methods other than cards.
  py: 'charge',
  re: 'refund',
  pyr: 'refund',
  dp: 'dispute',
  du: 'dispute',
}

/**
 * Returns the kinds to look for an id under, the likeliest first: merchants choose ids of products as they like, and
 * one of those may look like any other.
 * @param named resources that were named; then it is one of them
 */
export const kindsOfId = (id: string, named: readonly ResourceName[] | null): readonly ObjectKind[] => {
  const allowed = (named ?? resourceNames).map((name) => listRows[name].kind)
  const [prefix = ''] = id.split('_')
  const told = id.includes('_') && Object.hasOwn(prefixes, prefix) ? prefixes[prefix] : undefined
  const guesses = [...new Set<ObjectKind>([told ?? 'product', 'product'])]
  const likely = guesses.filter((kind) => allowed.includes(kind))
  return named === null && told !== undefined ? likely : [...new Set([...likely, ...allowed])]
}
