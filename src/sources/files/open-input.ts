// The bytes of one input as a stream that its signal ends at once, whatever it waits for.

import { closeSync, constants, createReadStream, fstatSync, open, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { addAbortSignal, type Readable } from 'node:stream'
import { promisify } from 'node:util'

/** Name that stands for stdin. */
export const stdinName = '-'

/** Returns the bytes of a file, a named pipe or stdin. What can't be opened or read is told by throwing, or by the stream. */
export const openInput = async (path: string, signal: AbortSignal): Promise<Readable> =>
  addAbortSignal(signal, await streamOf(path, signal))

const streamOf = async (path: string, signal: AbortSignal): Promise<Readable> => {
  if (path === stdinName) return openStdin()
  const stats = await stat(path).catch(() => null)
  return stats?.isFIFO() === true ? openPipe(path, signal) : createReadStream(path)
}

/** Tells whether an input may say nothing for long and go on: a file does not, however long a busy machine reads at it. */
export const mayStayOpen = async (path: string): Promise<boolean> =>
  path === stdinName || (await stat(path).catch(() => null))?.isFile() === false

// As a stream, a folder ends at once like an empty file.
const openStdin = (): Readable => {
  if (fstatSync(stdin).isDirectory()) readSync(stdin, Buffer.alloc(1))
  return process.stdin
}

const stdin = 0

// A thread that waits in a read of an empty pipe, as those of a file do, ends for no signal and holds up even
// `process.exit`: a socket asks the system to be told of bytes instead.
const openPipe = async (path: string, signal: AbortSignal): Promise<Readable> => {
  const fd = await openReading(path, signal)
  return new Socket({ fd, readable: true, writable: false })
}

// Opening waits for a writer, in a thread as well. Once this process itself is one, for a moment, it waits no longer.
const openReading = async (path: string, signal: AbortSignal): Promise<number> => {
  const opened = openFile(path, constants.O_RDONLY)
  const stopWaiting = async (): Promise<void> => {
    const writer = await openFile(path, constants.O_RDWR | constants.O_NONBLOCK).catch(() => null)
    // Who may not write to it has to wait for who may.
    if (writer === null) return
    await opened.catch(() => null)
    closeSync(writer)
  }
  if (signal.aborted) void stopWaiting()
  signal.addEventListener('abort', stopWaiting, { once: true })
  try {
    return await opened
  } finally {
    signal.removeEventListener('abort', stopWaiting)
  }
}

const openFile = promisify(open)
