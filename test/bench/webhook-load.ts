// Delivers signed events as fast as a listener takes them: bytes made beforehand on sockets that stay open, so that the
// sender takes as little of the machine as it can.

import { once } from 'node:events'
import { connect } from 'node:net'
import { signatureHeader } from '../support/stripe/webhook-signature.ts'

export interface LoadRun {
  /** Answers 200, and all others. */
  readonly acknowledged: number
  readonly refused: number
  readonly ms: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Delivers each body once, over so many connections. */
export const deliverAll = async (
  bodies: readonly string[],
  {
    url,
    secret,
    connections,
  }: { readonly url: string; readonly secret: string; readonly connections: number },
): Promise<LoadRun> => {
  const timestamp = Math.floor(Date.now() / 1000)
  const requests = bodies.map((body) => {
    const signature = signatureHeader({ body, secrets: secret, timestamp })
    return `POST /webhooks/stripe HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nStripe-Signature: ${signature}\r\n\r\n${body}`
  })
  const queue = requests.values()
  const times: number[] = []
  let acknowledged = 0
  const lane = async (): Promise<void> => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    for (const request of queue) {
      const sent = performance.now()
      socket.write(request)
      let answer = ''
      // Both listeners answer a body that ends so, or none.
      while (!/\}\s*(0\r\n\r\n)?$/.test(answer)) answer += (await once(socket, 'data'))[0].toString('latin1')
      times.push(performance.now() - sent)
      if (answer.startsWith('HTTP/1.1 200')) acknowledged += 1
    }
    socket.destroy()
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, lane))
  const ms = performance.now() - started
  times.sort((one, other) => one - other)
  const quantile = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
  const refused = bodies.length - acknowledged
  return { acknowledged, refused, ms, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}
