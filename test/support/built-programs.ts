import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Builds dist/ where anything in it is missing or older than its source, so that no test run needs a
 * build beforehand: tests run the built command, and the embedded server runs from it.
 */
export const buildStalePrograms = async (): Promise<void> => {
  const names = await readdir(join(root, 'src'), { recursive: true })
  const stale = await Promise.all(names.filter((name) => /\.tsx?$/.test(name)).map(isStale))
  if (!stale.includes(true)) return
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  // Types are for `npm run types` to check.
  const args = ['-p', join(root, 'tsconfig.build.json'), '--noCheck']
  await promisify(execFile)(process.execPath, [tsc, ...args])
}

const isStale = async (source: string): Promise<boolean> => {
  const built = await modifiedAt(join(root, 'dist', source.replace(/\.tsx?$/, '.js')))
  return built < (await modifiedAt(join(root, 'src', source)))
}

const modifiedAt = async (path: string): Promise<number> => {
  const status = await stat(path).catch(() => undefined)
  return status?.mtimeMs ?? 0
}
