// Reads request bodies. Guarantee: what all bodies under way hold together is bounded, and so is each; a body that ends
// early, or is refused, gives back what it held.

import type { IncomingMessage } from 'node:http'
import type { Refusal } from './refusals.ts'

/** What all bodies that are being received or stored may hold, and how many of them there may be. */
const mostBytes = 64 * 1024 * 1024
const mostRequests = 1_024

/** The room for bodies. */
export class BodyRoom {
  #bytes = 0
  #requests = 0

  /** Number of requests under way. */
  get requests(): number {
    return this.#requests
  }

  /** Gives a request a place, or null where there is none. */
  enter(): BodyPlace | null {
    if (this.#requests >= mostRequests) return null
    this.#requests += 1
    return new BodyPlace(
      (bytes) => this.#take(bytes),
      () => (this.#requests -= 1),
    )
  }

  #take(bytes: number): boolean {
    if (bytes > 0 && this.#bytes + bytes > mostBytes) return false
    this.#bytes += bytes
    return true
  }
}

/** The place of one request. */
export class BodyPlace {
  readonly #take: (bytes: number) => boolean
  readonly #leave: () => void
  #held = 0

  constructor(take: (bytes: number) => boolean, leave: () => void) {
    this.#take = take
    this.#leave = leave
  }

  /** Tells whether there is room for so many more bytes, and takes it. */
  grow(bytes: number): boolean {
    if (!this.#take(bytes)) return false
    this.#held += bytes
    return true
  }

  /** Gives back everything; the request is over. */
  leave(): void {
    this.#take(-this.#held)
    this.#held = 0
    this.#leave()
  }
}

/** Why there is no body: one of the refusals, or the client went away. */
export type BodyProblem = Extract<Refusal, 'body_too_large' | 'too_busy'> | 'gone'

/** Reads a body of at most so many bytes. Never rejects. */
export const readBody = (
  request: IncomingMessage,
  place: BodyPlace,
  maxBytes: number,
): Promise<Buffer | BodyProblem> => {
  if (Number(request.headers['content-length']) > maxBytes) return Promise.resolve('body_too_large')
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const end = (result: Buffer | BodyProblem): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length > maxBytes) end('body_too_large')
      else if (!place.grow(chunk.length)) end('too_busy')
      else chunks.push(chunk)
    }
    const onEnd = (): void => {
      const [first] = chunks
      end(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length))
    }
    const onClose = (): void => end('gone')
    request.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}
