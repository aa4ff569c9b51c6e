import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript-6'
import { describe, expect, test } from 'vitest'
import {
  constructionAt,
  linesOf,
  nodesOf,
  projectFolder,
  readSourceModules,
  typescriptFiles,
} from './support/source-modules.ts'

// A part is a folder of src/ or of src/commands, or a file that lies in src/ itself, in src/pipeline or in src/ports. Each
// names the parts it may import and why.
// A part followed by `(types)` may only be imported with `import type`: nothing of it is called.
// Coded errors are for every part.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  log: ['core'],
  // Pure: everything can be tested without a database, and folded again as often as a commit is lost.
  core: [],
  'unit-of-work': ['core'],
  handlers: ['core', 'unit-of-work'],
  // The port that the main path asks for and the store, or memory in tests, answers.
  'pipeline-store': ['core (types)', 'unit-of-work (types)'],
  // The port that the sinks ask for and the store answers.
  'outbox-store': ['core (types)'],
  // The port that the work on received events asks for and the store answers.
  'work-store': ['core (types)'],
  'event-meaning': ['core', 'handlers', 'pipeline-store'],
  pipeline: ['core', 'unit-of-work', 'handlers', 'event-meaning', 'pipeline-store', 'unfinished'],
  // What a commit leaves to be done: its name on the account's row, and the steps that do it.
  unfinished: ['pipeline-store (types)', 'unit-of-work (types)'],
  'finish-inheritance': [
    ...['core (types)', 'unit-of-work', 'handlers', 'unfinished', 'pipeline-store (types)'],
    ...['patience', 'hold-account'],
  ],
  'derive-contacts': ['handlers', 'unit-of-work', 'patience', 'hold-account', 'pipeline-store (types)'],
  patience: ['core'],
  'hold-account': ['pipeline-store (types)'],
  'handle-deliveries': [
    ...['core', 'event-meaning', 'pipeline', 'pipeline-store', 'patience', 'hold-account'],
    'finish-inheritance',
  ],
  // The same two steps for what lists show: one batch, and what is around it.
  'observe-batch': ['core', 'clocks', 'unit-of-work', 'handlers', 'pipeline-store (types)', 'unfinished'],
  // What observe-batch does, and compares in place of writing.
  'compare-batch': ['core', 'unit-of-work', 'handlers'],
  'handle-observations': [
    ...['core', 'observe-batch', 'patience', 'hold-account', 'pipeline-store', 'finish-inheritance'],
    'clocks',
  ],
  config: ['core'],
  // Implements the ports, so it sees their types; of the config it sees the shape, never the environment.
  store: [
    ...['core', 'unit-of-work (types)', 'config (types)', 'in-time'],
    ...['pipeline-store (types)', 'outbox-store (types)', 'work-store (types)'],
  ],
  // Deliver what commits owe; who keeps it until then, they don't know.
  sinks: ['core', 'outbox-store (types)', 'in-time', 'redis'],
  // Sources yield events and never ask where they end: not the store.
  sources: ['core', 'pipeline-store', 'work-store (types)', 'clocks', 'in-time'],
  // What a running `serve` tells about itself, heard from everything that works in it.
  watch: ['handlers', 'pipeline-store (types)', 'sources (types)', 'sinks (types)', 'log (types)'],
  // Shows what sources count, and how far the store has come in opening: both are told to it through types.
  ui: ['core', 'sources (types)', 'store (types)', 'log (types)', 'watch (types)'],
  // A folder for each command, what their opening shares, and what they share of the terminal: no command knows another.
  'commands/serve': [
    ...['commands/opening', 'commands/shell', 'config', 'store', 'sources', 'watch', 'ui', 'log'],
    ...['handle-deliveries', 'event-meaning', 'pipeline-store (types)', 'in-time', 'redis'],
  ],
  'commands/backfill': [
    ...['commands/opening', 'commands/shell', 'core', 'config', 'store', 'sources', 'ui', 'log'],
    ...['handle-observations', 'observe-batch', 'compare-batch', 'pipeline-store'],
    ...['derive-contacts (types)', 'unit-of-work (types)', 'clocks'],
  ],
  'commands/replay': [
    ...['commands/opening', 'commands/shell', 'core', 'config', 'store', 'sources', 'ui', 'log'],
    ...['handle-deliveries', 'event-meaning', 'patience', 'pipeline-store (types)', 'unit-of-work (types)'],
  ],
  'commands/opening': [
    ...['core', 'config (types)', 'store', 'sources', 'sinks', 'log (types)'],
    ...['handle-observations', 'handle-deliveries (types)', 'derive-contacts', 'patience'],
    ...['pipeline-store (types)', 'outbox-store (types)', 'unit-of-work (types)'],
    ...['clocks', 'in-time', 'redis'],
  ],
  'commands/shell': ['core', 'config', 'sources'],
  ...{ 'shell-completion': [], 'heap-growth': [], clocks: [], 'in-time': [] },
  redis: ['core'],
  cli: [
    'commands/serve',
    'commands/backfill',
    'commands/replay',
    'commands/shell',
    'config (types)',
    'heap-growth',
    'shell-completion',
  ],
}

/** Packages and Node modules, by the parts that may import them; other parts import none. */
const mayImportPackages: Readonly<Record<string, readonly string[]>> = {
  core: ['valibot'],
  'unit-of-work': ['dataloader'],
}
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  ...{ pino: ['log'], commander: ['cli', 'shell-completion'], 'prom-client': ['watch'] },
  ...{ valibot: ['config', 'core'], '@humanwhocodes/momoa': ['config'], bytes: ['config'], ms: ['config'] },
  ...{ mongodb: ['store'], 'mongodb-memory-server-core': ['store'], dataloader: ['unit-of-work'] },
  ...{ stripe: ['sources'], fastify: ['sources'], picomatch: ['sources'] },
  ...{ 'p-limit': ['commands/serve', 'sources'], 'rate-limiter-flexible': ['commands/opening', 'sources'] },
  ...{ bullmq: ['sinks', 'sources'], ioredis: ['redis', 'sinks', 'sources'], jose: ['sinks'] },
  ...{ 'socket.io': ['sinks'], '@socket.io/mongo-adapter': ['sinks'] },
  '@socket.io/redis-streams-adapter': ['sinks'],
  ...{ ink: ['ui'], react: ['ui'], ora: ['ui'], chalk: ['ui'] },
}
const pureParts = [
  'core',
  'unit-of-work',
  'handlers',
  'errors',
  'event-meaning',
  'pipeline-store',
  'outbox-store',
  'work-store',
  'pipeline',
  'unfinished',
  'hold-account',
  'finish-inheritance',
  'derive-contacts',
]

const modules = readSourceModules()

/** Folders whose files are parts, each by itself. */
const opened: readonly string[] = ['pipeline', 'ports']

const partOf = (path: string): string => {
  const [folder = '', file = ''] = path.split('/')
  if (folder === 'commands') return `commands/${file}`
  return (opened.includes(folder) ? file : folder).replace(/\.tsx?$/, '')
}

const isAllowed = (part: string, target: string, typesOnly: boolean): boolean => {
  const allowed = ['errors', ...(mayImport[part] ?? [])]
  return allowed.includes(target) || (typesOnly && allowed.includes(`${target} (types)`))
}

describe('what may import what', () => {
  test('is said of every part of the source', () => {
    expect([...new Set(modules.map(({ path }) => partOf(path)))].sort()).toEqual(
      Object.keys(mayImport).sort(),
    )
  })

  test.each(Object.keys(mayImport))('is kept by %s', (part) => {
    const forbidden = modules
      .filter(({ path }) => partOf(path) === part)
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ isOwn, target }) => isOwn && partOf(target) !== part)
          .filter(({ target, typesOnly }) => !isAllowed(part, partOf(target), typesOnly))
          .map(({ target }) => `${path} imports ${target}`),
      )
    expect(forbidden).toEqual([])
  })

  test('names no permission that nobody uses', () => {
    const used = new Set(
      modules.flatMap(({ path, imports }) =>
        imports.map(({ target }) => `${partOf(path)} ${partOf(target)}`),
      ),
    )
    const unused = Object.entries(mayImport).flatMap(([part, targets]) =>
      targets.map((target) => `${part} ${target.replace(' (types)', '')}`).filter((edge) => !used.has(edge)),
    )
    expect(unused).toEqual([])
  })

  test.each(pureParts)('keeps %s free of packages and of Node itself', (part) => {
    const foreign = modules
      .filter(({ path }) => partOf(path) === part)
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ isOwn, target }) => !isOwn && mayImportPackages[part]?.includes(target) !== true)
          .map(({ target }) => `${path} imports ${target}`),
      )
    expect(foreign).toEqual([])
  })

  test('is said of every package that the program is installed with', () => {
    const { dependencies } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
    expect(Object.keys(packageHomes).sort()).toEqual(Object.keys(dependencies).sort())
  })

  test.each(Object.entries(packageHomes))('keeps the package %s in %j', (name, homes) => {
    const importing = modules.filter(({ imports }) => imports.some(({ target }) => target === name))
    expect([...new Set(importing.map(({ path }) => partOf(path)))]).toEqual(homes)
  })

  test('leads nowhere in a circle, types included', () => {
    expect(circles()).toEqual([])
  })
})

describe('the source', () => {
  const places = (found: (node: ts.Node) => boolean, among = modules): readonly string[] =>
    among.flatMap(({ path, tree }) =>
      [...nodesOf(tree)]
        .filter(found)
        .map((node) => `${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`),
    )

  test('reads the environment in the config only', () => {
    const readsEnvironment = (node: ts.Node): boolean =>
      (ts.isPropertyAccessExpression(node) && node.getText() === 'process.env') ||
      (ts.isImportSpecifier(node) && (node.propertyName ?? node.name).text === 'env')
    const readers = modules.filter((module) => places(readsEnvironment, [module]).length > 0)
    expect(readers.map(({ path }) => path)).toEqual(['config/environment.ts'])
  })

  test('makes no error without a code, but of the impossible', () => {
    const made = ['BillingSyncError', 'CommanderError', 'TypeError', 'RangeError']
    const isOther = (name = ''): boolean => name.endsWith('Error') && !made.includes(name)
    expect(places((node) => isOther(constructionAt(node)?.className))).toEqual([])
    const callsError = (node: ts.Node): boolean =>
      ts.isCallExpression(node) && node.expression.getText() === 'Error'
    expect(places(callsError)).toEqual([])
  })

  test('uses the type any nowhere', () => {
    expect(places((node) => node.kind === ts.SyntaxKind.AnyKeyword)).toEqual([])
  })

  test('has no function of more than 60 lines', () => {
    const long = modules.flatMap(({ path, tree }) =>
      [...nodesOf(tree)]
        .filter((node) => ts.isFunctionLike(node) && linesOf(tree, node) > 60)
        .map((node) => `${path}: ${linesOf(tree, node)} lines at ${node.getText().slice(0, 40)}`),
    )
    expect(long).toEqual([])
  })

  test('keeps no state in a variable of a module', () => {
    const changing = modules.flatMap(({ path, tree }) =>
      tree.statements
        .filter((statement) => ts.isVariableStatement(statement))
        .filter(({ declarationList }) => (declarationList.flags & ts.NodeFlags.Const) === 0)
        .map((statement) => `${path}: ${statement.getText()}`),
    )
    expect(changing).toEqual([])
  })

  test.each(['src', 'test'])('has no file of more than 300 lines in %s', (folder) => {
    const long = typescriptFiles(folder)
      .map((path) => [path, lineCount(join(projectFolder, folder, path))] as const)
      .filter(([, lines]) => lines > 300)
    expect(long).toEqual([])
  })

  test.each(['core', 'handlers', 'unit-of-work'])('has a test beside every module of %s', (part) => {
    const tests = new Set(typescriptFiles('test'))
    const untested = modules
      .filter(({ path, tree }) => partOf(path) === part && !holdsTypesOnly(tree))
      .map(({ path }) => path.replace(/\.ts$/, '.test.ts'))
      .filter((path) => !tests.has(path))
    expect(untested).toEqual([])
  })
})

const lineCount = (path: string): number => readFileSync(path, 'utf8').trimEnd().split('\n').length

const holdsTypesOnly = (tree: ts.SourceFile): boolean =>
  tree.statements.every(
    (statement) =>
      ts.isImportDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement),
  )

/** Returns each circle of imports as the modules along it. */
const circles = (): readonly string[] => {
  const targetsOf = new Map(
    modules.map(({ path, imports }) => [
      path,
      imports.filter(({ isOwn }) => isOwn).map(({ target }) => target),
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    if (trail.includes(path) || done.has(path)) return
    for (const target of targetsOf.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const path of targetsOf.keys()) walk(path, [])
  return found
}
