// A TCP proxy between a program and the server that it talks to, whose line can be made bad and good again.

import { setMaxListeners } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export interface Line {
  /** Milliseconds that so many bytes are under way, in either direction. */
  readonly delayMs: (bytes: number) => number
  /** True where connections are reset: those that are open, and each new one. */
  readonly isReset: boolean
}

/** Longer than any test. */
const foreverMs = 3_600_000

export const lines = {
  good: { delayMs: () => 0, isReset: false },
  slow: { delayMs: () => 5_000, isReset: false },
  /** A kilobyte a second. */
  narrow: { delayMs: (bytes) => bytes, isReset: false },
  dead: { delayMs: () => foreverMs, isReset: false },
  broken: { delayMs: () => 0, isReset: true },
} as const satisfies Record<string, Line>

export interface TcpProxy {
  readonly port: number
  /** Makes the line another one; what is under way goes by it as well. */
  become(line: Line): void
  /** Ends the connection that comes from a port, as the system does with those of a server that was killed. */
  end(from: number): void
}

/** Starts a proxy to a port of this machine for one test; its line is good. */
export const startTcpProxy = async (target: number): Promise<TcpProxy> => {
  const sockets = new Set<Socket>()
  let line: Line = lines.good
  let change = changeToCome()
  const travel = async (bytes: number): Promise<void> => {
    const began = performance.now()
    for (;;) {
      const leftMs = line.delayMs(bytes) - (performance.now() - began)
      if (leftMs <= 0) return
      await wait(leftMs, undefined, { signal: change.signal, ref: false }).catch(() => undefined)
    }
  }
  const carry = async (from: Socket, to: Socket): Promise<void> => {
    sockets.add(from)
    from.setNoDelay().once('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    // What is reset here fails there, as it should.
    from.on('error', () => undefined)
    try {
      for await (const chunk of from) {
        await travel(chunk.length)
        to.write(chunk)
      }
    } catch {
      from.destroy()
    }
  }
  const become = (next: Line): void => {
    line = next
    change.abort()
    change = changeToCome()
    if (line.isReset) for (const socket of sockets) socket.resetAndDestroy()
  }
  const end = (from: number): void => {
    for (const socket of sockets) if (socket.remotePort === from) socket.end()
  }
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    void carry(near, far)
    void carry(far, near)
    if (line.isReset) near.resetAndDestroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    become(lines.broken)
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, become, end }
}

// Whatever is under way listens for it.
const changeToCome = (): AbortController => {
  const change = new AbortController()
  setMaxListeners(0, change.signal)
  return change
}
