// The project's own source as the TypeScript compiler reads it: what imports what, and what each file holds.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript-6'

export interface ModuleImport {
  /** A module of `src/` as its path from there, or the name of a package or of a Node module. */
  readonly target: string
  readonly isOwn: boolean
  readonly typesOnly: boolean
  /** True for `import('…')`, which loads the module once it is reached. */
  readonly isLater: boolean
}

export interface SourceModule {
  /** Path from `src/`, with forward slashes. */
  readonly path: string
  readonly imports: readonly ModuleImport[]
  readonly tree: ts.SourceFile
}

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url))

/** Names every TypeScript file below a folder of the project, as paths from that folder, in name order. */
export const typescriptFiles = (folder: string): readonly string[] =>
  readdirSync(join(projectFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .sort()

/** Reads every module under `src/`. */
export const readSourceModules = (): readonly SourceModule[] => {
  const folder = join(projectFolder, 'src')
  return typescriptFiles('src').map((path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
    const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind)
    const imports = [...nodesOf(tree)].map(importAt).filter((found) => found !== null)
    return { path, tree, imports: imports.map((found) => resolved(found, { folder, path })) }
  })
}

/** Returns every node of a syntax tree, the root included. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => {
    children.push(child)
  })
  for (const child of children) yield* nodesOf(child)
}

/** Returns the class and the first argument where the node is `new Class('text', …)`, else null. */
export const constructionAt = (
  node: ts.Node,
): { readonly className: string; readonly firstText: string | null } | null =>
  ts.isNewExpression(node) && ts.isIdentifier(node.expression)
    ? { className: node.expression.text, firstText: textOf(node.arguments?.[0]) }
    : null

/** Returns the number of lines a node takes, its comments not counted. */
export const linesOf = (tree: ts.SourceFile, node: ts.Node): number =>
  tree.getLineAndCharacterOfPosition(node.end).line -
  tree.getLineAndCharacterOfPosition(node.getStart(tree)).line +
  1

interface FoundImport {
  readonly specifier: string
  readonly typesOnly: boolean
  readonly isLater: boolean
}

// Static and dynamic imports, `export … from`, and `import('…')` in types.
const importAt = (node: ts.Node): FoundImport | null => {
  if (ts.isImportDeclaration(node))
    return found(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
  if (ts.isExportDeclaration(node)) return found(node.moduleSpecifier, node.isTypeOnly)
  if (ts.isImportTypeNode(node))
    return found(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return found(node.arguments[0], false, true)
  return null
}

const found = (node: ts.Node | undefined, typesOnly: boolean, isLater = false): FoundImport | null => {
  const specifier = textOf(node)
  return specifier === null ? null : { specifier, typesOnly, isLater }
}

const textOf = (node: ts.Node | undefined): string | null =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : null

const resolved = (
  { specifier, ...kind }: FoundImport,
  { folder, path }: { readonly folder: string; readonly path: string },
): ModuleImport => {
  if (specifier.startsWith('.')) {
    return { target: relative(folder, join(folder, dirname(path), specifier)), isOwn: true, ...kind }
  }
  const [scope = '', name = ''] = specifier.split('/')
  const target = specifier.startsWith('@') ? `${scope}/${name}` : scope
  return { target, isOwn: false, ...kind }
}
