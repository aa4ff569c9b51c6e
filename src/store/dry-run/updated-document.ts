// A document as the server would make it of an update.

type Document = Readonly<Record<string, unknown>>

/** Returns the document with dotted paths set and unset. */
export const updatedDocument = (
  document: Document,
  { set, unset }: { readonly set: Document; readonly unset: readonly string[] },
): Document => {
  const changed = Object.entries(set).reduce(
    (next, [path, value]) => withPath(next, path.split('.'), value),
    document,
  )
  return unset.reduce((next, path) => withoutPath(next, path.split('.')), changed)
}

const withPath = (document: Document, [head = '', ...rest]: readonly string[], value: unknown): Document => ({
  ...document,
  [head]: rest.length === 0 ? value : withPath(childAt(document, head) ?? {}, rest, value),
})

const withoutPath = (document: Document, [head = '', ...rest]: readonly string[]): Document => {
  if (rest.length === 0) {
    const { [head]: _removed, ...others } = document
    return others
  }
  const child = childAt(document, head)
  return child === null ? document : { ...document, [head]: withoutPath(child, rest) }
}

const childAt = (document: Document, key: string): Document | null => {
  const child = Object.hasOwn(document, key) ? document[key] : null
  return typeof child === 'object' && child !== null ? (child as Document) : null // a path leads through hashes only
}
