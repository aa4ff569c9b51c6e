import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Builds dist/ anew where anything in it is missing, older than its source or left of a source that is gone, so that no test run
 * needs a build beforehand: tests run the built command, and the embedded server runs from it.
 */
export const buildStalePrograms = async (): Promise<void> => {
  const [sources, programs, bundler] = await Promise.all([
    filesOf('src', /\.tsx?$/),
    filesOf('dist', /\.js$/),
    stat(join(root, 'esbuild.config.mjs')),
  ])
  // The bundle is made last, of all of them.
  const modules = programs.filter(({ name }) => !name.startsWith('bundle/') || name === 'bundle/cli')
  const built = new Map(modules.map(({ name, modifiedMs }) => [name, modifiedMs]))
  const isFresh = sources.every(({ name, modifiedMs }) => (built.get(name) ?? 0) >= modifiedMs)
  const isBundled = (built.get('bundle/cli') ?? 0) >= bundler.mtimeMs
  if (isFresh && isBundled && built.size === sources.length + 1) return
  await promisify(execFile)('npm', ['run', 'build'], { cwd: root })
}

/** Names from the folder on, without what follows the last dot. */
const filesOf = async (folder: string, ending: RegExp) => {
  const names = await readdir(join(root, folder), { recursive: true }).catch(() => [])
  return Promise.all(
    names
      .filter((name) => ending.test(name))
      .map(async (name) => ({
        name: name.replace(ending, ''),
        modifiedMs: (await stat(join(root, folder, name))).mtimeMs,
      })),
  )
}
