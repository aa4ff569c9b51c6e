// Reads a query as Stripe does: `created[gte]=1` is a hash, `expand[0]=a` and `expand[]=a` are both arrays.

export type Param = string | readonly string[] | Params
export interface Params {
  readonly [name: string]: Param
}

interface Branch {
  readonly values: string[]
  readonly branches: Map<string, Branch>
}

/** Returns the parameters of a query; of a parameter that is given twice the last one counts. */
export const parseQuery = (query: string): Params => {
  const root = newBranch()
  for (const [name, value] of new URLSearchParams(query)) {
    let branch = root
    for (const key of keysOf(name)) {
      const next = branch.branches.get(key) ?? newBranch()
      branch.branches.set(key, next)
      branch = next
    }
    branch.values.push(value)
  }
  return hashOf(root)
}

/** Tells whether a parameter is a hash, as `created[gte]=1` makes one. */
export const isParams = (param: Param): param is Params => typeof param === 'object' && !Array.isArray(param)

const newBranch = (): Branch => ({ values: [], branches: new Map() })

const keysOf = (name: string): readonly string[] => {
  const [head = '', ...rest] = name.split('[')
  return [head, ...rest.map((key) => key.replace(/\]$/, ''))]
}

const hashOf = ({ branches }: Branch): Params =>
  Object.fromEntries([...branches].map(([key, branch]) => [key, paramOf(branch)]))

const paramOf = (branch: Branch): Param => {
  const keys = [...branch.branches.keys()]
  if (keys.length === 0) return branch.values.at(-1) ?? ''
  if (!keys.every((key) => /^\d*$/.test(key))) return hashOf(branch)
  const inOrder = keys.toSorted((one, other) => Number(one) - Number(other))
  return inOrder.flatMap((key) => branch.branches.get(key)?.values ?? [])
}
