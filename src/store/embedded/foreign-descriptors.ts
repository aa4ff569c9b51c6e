import { closeSync, readdirSync, readFileSync } from 'node:fs'

/** O_CLOEXEC on Linux. */
const closedOnExec = 0o2000000

/**
 * Closes what this process got open from the shell that its caller was typed into, besides the standard streams. A pipe
 * that we held, such as that of bash's `>(tee log)` at 63, would not end for its reader before the server does. Node
 * hands on what it finds beyond a gap in the numbers (libuv's uv_disable_stdio_inheritance). To be called before anything
 * is opened for a child; only on Linux, whose /proc tells.
 */
export const closeForeignDescriptors = (): void => {
  for (const name of descriptors()) {
    try {
      const [, flags] = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8')) ?? []
      const isOwn = flags === undefined || (Number.parseInt(flags, 8) & closedOnExec) !== 0
      if (Number(name) > 2 && !isOwn) closeSync(Number(name))
    } catch {
      // It was the one by which the folder was read.
    }
  }
}

const descriptors = (): readonly string[] => {
  try {
    return readdirSync('/proc/self/fd')
  } catch {
    return []
  }
}
