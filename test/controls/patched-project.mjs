// A copy of the project in which one guard after the other is taken out, and put back.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import typescript from 'typescript-6'

const project = fileURLToPath(new URL('../../', import.meta.url))
const copied = [
  'src',
  'test',
  'bin',
  'dist',
  'fixtures',
  'package.json',
  'README.md',
  'LICENSE',
  'biome.json',
  'vitest.config.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'esbuild.config.mjs',
]

/** Copies the project, built; the copy shares its node_modules. Resolves with the copy's folder. */
export const copyProject = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-controls-'))
  // What is built stays newer than its source, or the tests would build it again.
  const options = { recursive: true, preserveTimestamps: true }
  for (const name of copied) await cp(join(project, name), join(folder, name), options)
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const bundle = (folder) => promisify(execFile)(process.execPath, ['esbuild.config.mjs'], { cwd: folder })

// A patch goes into one module: to bundle it, too, would double the time that most guards take.
const runModules = async (folder) => {
  const modules = {
    cli: 'cli',
    supervisor: 'store/embedded/supervisor',
    'download-mongod': 'store/embedded/download-mongod',
  }
  for (const [name, module] of Object.entries(modules))
    await writeFile(join(folder, `dist/bundle/${name}.js`), `export * from '../${module}.js'\n`)
}

export const removeCopy = (folder) => rm(folder, { recursive: true, force: true, maxRetries: 3 })

/** Says what keeps the guard's patch from fitting, or null. @param {import('./guard.mjs').Guard} guard */
export const misfitOf = async (guard) => {
  const text = await readFile(join(project, guard.file), 'utf8').catch(() => '')
  try {
    patched(text, guard)
    return null
  } catch (error) {
    return error.message
  }
}

/**
 * Takes the guard out of the copy, of source and built file alike. Resolves with what puts it back.
 * @param {string} folder
 * @param {import('./guard.mjs').Guard} guard
 */
export const takeOut = async (folder, guard) => {
  const path = join(folder, guard.file)
  const text = await readFile(path, 'utf8')
  const write = async (content) => {
    await writeFile(path, content)
    await emit(folder, guard.file, content)
    await (guard.isBundled ? bundle(folder) : runModules(folder))
  }
  await write(patched(text, guard))
  return () => write(text)
}

const patched = (text, { file, find, replace, also = [] }) => {
  let result = text
  for (const patch of [{ find, replace }, ...also]) {
    if (result.split(patch.find).length !== 2)
      throw new Error(`the patch does not fit ${file} exactly once: ${patch.find}`)
    result = result.replace(patch.find, () => patch.replace)
  }
  return result
}

const { config } = typescript.readConfigFile(join(project, 'tsconfig.json'), typescript.sys.readFile)
const { options } = typescript.convertCompilerOptionsFromJson(config.compilerOptions, project)
// Of one file alone nothing tells that the package consists of modules.
const compilerOptions = { ...options, noEmit: false, module: typescript.ModuleKind.ESNext }

// Without a look at types: a patch may break them, which is no matter.
const emit = async (folder, file, content) => {
  if (!file.startsWith('src/')) return
  const { outputText } = typescript.transpileModule(content, { fileName: file, compilerOptions })
  await writeFile(join(folder, file.replace(/^src\//, 'dist/').replace(/\.tsx?$/, '.js')), outputText)
}
