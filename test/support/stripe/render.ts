// From stored objects to the JSON that is answered: shape of the version, expanded relatives, and a cache of the text.
// The text of an object alone is kept as long as the object; with relatives in it only until anything changes.
import { EXPANDABLE, type Expandable, type Expandables, type IncludedList } from './expandable.ts'
import { type ExpandTree, insideOf, plainView, type View } from './expansion.ts'
import { type Hash, hashesAt, isHash, type Json, own, textAt } from './json.ts'
import type { ModeState } from './mode-state.ts'
import type { ObjectType } from './object-types.ts'
import { embedded, shapeOf, stubOf } from './shapes.ts'
import type { StoredObject } from './stored-object.ts'

/** Returns the object's JSON text as this view wants it. */
export const renderJson = (state: ModeState, object: StoredObject, view: View): string => {
  const cached = object.rendered.get(view.key)
  if (cached !== undefined && (cached.revision === null || cached.revision === state.revision))
    return cached.json
  const json = JSON.stringify(render(state, object, view))
  const revision = dependsOnOthers(object, view) ? state.revision : null
  object.rendered.set(view.key, { revision, json })
  return json
}

/** Returns the object as this view wants it; a deleted one as its stub. */
export const render = (state: ModeState, object: StoredObject, view: View): Hash => {
  if (object.deleted) return stubOf(object)
  const shape = withClassicRefunds(state, object, view)
  return expanded(shape, EXPANDABLE[object.type], { state, view, tree: view.expand })
}

const dependsOnOthers = (object: StoredObject, { generation, expand }: View): boolean =>
  expand.size > 0 || (object.type === 'charge' && generation === 'classic')

const withClassicRefunds = (state: ModeState, object: StoredObject, { generation }: View): Hash => {
  const shape = shapeOf(object, generation)
  if (object.type !== 'charge' || generation !== 'classic') return shape
  return {
    ...shape,
    refunds: included('refunds_of_charge', object.id, { state, view: plainView(generation) }),
  }
}

interface Scope {
  readonly state: ModeState
  readonly view: View
}

const expanded = (hash: Hash, fields: Expandables, scope: Scope & { readonly tree: ExpandTree }): Hash => {
  if (scope.tree.size === 0) return hash
  const replaced = [...scope.tree].flatMap(([name, tree]): [string, Json][] => {
    const field = fields[name]
    if (field === undefined || field.kind === 'unheld') return []
    return [[name, expandedField(hash, name, { ...scope, tree, field })]]
  })
  return { ...hash, ...Object.fromEntries(replaced) }
}

interface FieldScope extends Scope {
  readonly tree: ExpandTree
  readonly field: Expandable
}

const expandedField = (hash: Hash, name: string, scope: FieldScope): Json => {
  const { field, state, view } = scope
  const value = own(hash, name) ?? null
  if (field.kind === 'link') return typeof value === 'string' ? expandedLink(field.to, value, scope) : value
  if (field.kind === 'included') {
    return expandedEntries(included(field.list, textAt(hash, 'id') ?? '', { state, view }), scope)
  }
  if (!isHash(value)) return value
  return field.kind === 'list' ? expandedEntries(value, scope) : expanded(value, insideOf(field), scope)
}

const expandedLink = (to: ObjectType, id: string, scope: FieldScope): Json => {
  const { state, view, tree } = scope
  const target = state.find(to, id)
  // What can't be found stays an id: a product that is gone, or a relative that the test never made.
  if (target === undefined) return id
  return target.deleted
    ? stubOf(target)
    : expanded(withClassicRefunds(state, target, view), EXPANDABLE[to], { state, view, tree })
}

const expandedEntries = (list: Hash, scope: FieldScope): Hash => {
  const tree = scope.tree.get('data')
  if (tree === undefined) return list
  const fields = insideOf(scope.field)
  return { ...list, data: hashesAt(list, 'data').map((entry) => expanded(entry, fields, { ...scope, tree })) }
}

const included = (list: IncludedList, id: string, { state, view }: Scope): Hash =>
  INCLUDED[list](state, id, view)

const newestLinked = (
  state: ModeState,
  type: ObjectType,
  path: string,
  id: string,
): readonly StoredObject[] => (state.table(type).linked(path, id) ?? []).toReversed()

const INCLUDED: Readonly<Record<IncludedList, (state: ModeState, id: string, view: View) => Hash>> = {
  refunds_of_charge: (state, id, { generation }) =>
    embedded(newestLinked(state, 'refund', 'charge', id), generation, `/v1/charges/${id}/refunds`),
  payments_of_invoice: (state, id, { generation }) =>
    embedded(
      newestLinked(state, 'invoice_payment', 'invoice', id),
      generation,
      `/v1/invoice_payments?invoice=${id}`,
    ),
  subscriptions_of_customer: (state, id, { generation }) =>
    embedded(
      newestLinked(state, 'subscription', 'customer', id).filter(
        ({ content }) => content.status !== 'canceled',
      ),
      generation,
      `/v1/customers/${id}/subscriptions`,
    ),
}
