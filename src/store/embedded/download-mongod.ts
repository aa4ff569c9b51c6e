// Entry of a process: `node download-mongod.js <scratch folder> <target>` downloads MongoDB's own archive for
// this machine into the scratch folder and puts its mongod at the target. It gives up when no byte arrives
// for a few seconds, since on networks that reach package registries only the next source waits behind it.

import { copyFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MongoBinary } from 'mongodb-memory-server-core'
import { ResolveConfigVariables, setDefaultValue } from 'mongodb-memory-server-core/lib/util/resolveConfig.js'

/** Longest silence of the download; a network that answers at all sends something within it. */
const silenceLimitMs = 4000
const silenceCheckMs = 500

const download = async (scratch: string, target: string): Promise<void> => {
  // The library's three tries with growing pauses would only add to the silence.
  setDefaultValue(ResolveConfigVariables.MAX_RETRIES, '1')
  endWhenSilent(scratch)
  await copyFile(await MongoBinary.getPath({ downloadDir: scratch }), target)
}

const endWhenSilent = (folder: string): void => {
  let size = 0
  let lastGrowth = performance.now()
  const check = async () => {
    const now = await sizeOf(folder)
    if (now !== size) lastGrowth = performance.now()
    size = now
    if (performance.now() - lastGrowth > silenceLimitMs) fail(`no byte for ${silenceLimitMs / 1000} s`)
  }
  setInterval(() => void check(), silenceCheckMs).unref()
}

const sizeOf = async (folder: string): Promise<number> => {
  const sizes = (await readdir(folder, { recursive: true })).map(async (name) => {
    const { size } = await stat(join(folder, name)).catch(() => ({ size: 0 }))
    return size
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

const fail = (problem: string): never => {
  process.stderr.write(`\n${problem}\n`)
  process.exit(1)
}

const [scratch, target] = process.argv.slice(2)
if (scratch === undefined || target === undefined) fail('expected a scratch folder and a target')
else await download(scratch, target).catch((error: Error) => fail(error.message.replaceAll(/\s+/g, ' ')))
process.exit(0)
