// Puts an answer on the wire: whole, or with the trouble of a fault.
import type { ServerResponse } from 'node:http'
import type { Fault } from './faults.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends an answer; a fault that is about the wire spoils it on the way. */
export const transmit = async (
  response: ServerResponse,
  answer: Answer,
  fault: Fault | null,
): Promise<void> => {
  const body = Buffer.from(answer.body)
  switch (fault?.kind) {
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'silent':
      return
    case 'truncated':
      await sendHalf(response, answer, body)
      response.destroy()
      return
    case 'stalled':
      await sendHalf(response, answer, body)
      return
    case 'slow':
      sendHead(response, answer, body.length)
      await sendSlowly(response, body, fault)
      return
    default:
      sendHead(response, answer, body.length)
      response.end(body)
  }
}

/** Resolves after some milliseconds, at once for none. */
export const elapsed = (ms: number): Promise<void> | undefined =>
  ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined

const sendHead = (response: ServerResponse, { status, headers }: Answer, length: number): void => {
  response.writeHead(status, { ...headers, 'content-length': length })
}

const sendHalf = (response: ServerResponse, answer: Answer, body: Buffer): Promise<void> => {
  sendHead(response, answer, body.length)
  const half = body.subarray(0, Math.ceil(body.length / 2))
  return new Promise((resolve) => response.write(half, () => resolve()))
}

const sendSlowly = async (
  response: ServerResponse,
  body: Buffer,
  { chunkBytes, everyMs }: { readonly chunkBytes: number; readonly everyMs: number },
): Promise<void> => {
  for (let sent = 0; sent < body.length && !response.destroyed; sent += chunkBytes) {
    response.write(body.subarray(sent, sent + chunkBytes))
    await elapsed(everyMs)
  }
  response.end()
}
