// What a request wants expanded, checked against the table as Stripe checks it: the whole request fails, not the field.
import { ApiError } from './api-error.ts'
import type { Generation } from './api-version.ts'
import { EXPANDABLE, type Expandable, type Expandables, isKnownTo } from './expandable.ts'
import type { ObjectType } from './object-types.ts'
import type { Param } from './query-string.ts'

/** What to expand, as a tree: field → what to expand inside it. */
export interface ExpandTree extends ReadonlyMap<string, ExpandTree> {}
interface GrowingTree extends Map<string, GrowingTree> {}

/** Everything of a request that decides how objects look. */
export interface View {
  readonly generation: Generation
  readonly expand: ExpandTree
  /** The same for all views that render alike. */
  readonly key: string
}

const MAX_LEVELS = 4

/** Returns how objects of this type shall look; throws ApiError for what can't be expanded. */
export const viewOf = (
  type: ObjectType,
  expand: Param | undefined,
  { generation, isList }: { readonly generation: Generation; readonly isList: boolean },
): View => {
  const paths = pathsOf(expand)
  const tree: GrowingTree = new Map()
  for (const path of paths) grow(tree, checked(path, { type, generation, isList }))
  return { generation, expand: tree, key: [generation, ...paths.toSorted()].join(' ') }
}

/** Returns how objects look when nothing is expanded. */
export const plainView = (generation: Generation): View => ({
  generation,
  expand: new Map(),
  key: generation,
})

const pathsOf = (expand: Param | undefined): readonly string[] => {
  if (expand === undefined) return []
  if (Array.isArray(expand)) return expand
  throw new ApiError(400, 'Invalid array', { param: 'expand' })
}

interface Place {
  readonly type: ObjectType
  readonly generation: Generation
  readonly isList: boolean
}

const checked = (path: string, { type, generation, isList }: Place): readonly string[] => {
  const levels = path.split('.')
  if (levels.length > MAX_LEVELS) {
    throw new ApiError(400, `You cannot expand more than ${MAX_LEVELS} levels of a property (${path}).`, {
      code: 'property_expansion_max_depth',
      param: 'expand',
    })
  }
  const inObject = isList ? levels.slice(1) : levels
  const isPossible = (!isList || levels[0] === 'data') && isExpandable(inObject, EXPANDABLE[type], generation)
  if (isPossible) return inObject
  const hint =
    isList && isExpandable(levels, EXPANDABLE[type], generation)
      ? ` You may want to try expanding 'data.${path}' instead.`
      : ''
  throw new ApiError(400, `This property cannot be expanded (${path}).${hint}`, { param: 'expand' })
}

const isExpandable = (levels: readonly string[], fields: Expandables, generation: Generation): boolean => {
  const [name = '', ...rest] = levels
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (field === undefined || !isKnownTo(generation, field)) return false
  if (rest.length === 0) return field.kind !== 'inside'
  if (field.kind === 'list' || field.kind === 'included') {
    return (
      rest[0] === 'data' && (rest.length === 1 || isExpandable(rest.slice(1), insideOf(field), generation))
    )
  }
  return isExpandable(rest, insideOf(field), generation)
}

/** Returns what can be expanded inside a field: in the object it leads to, or in each entry of its list. */
export const insideOf = (field: Expandable): Expandables => {
  if (field.kind === 'unheld') return {}
  if (field.kind === 'inside') return field.fields
  return EXPANDABLE[field.kind === 'link' ? field.to : field.of]
}

const grow = (tree: GrowingTree, levels: readonly string[]): void => {
  const [name, ...rest] = levels
  if (name === undefined) return
  const branch = tree.get(name) ?? new Map()
  tree.set(name, branch)
  grow(branch, rest)
}
