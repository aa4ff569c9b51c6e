// What operators ask of a running `serve`: whether it lives, whether it can work, and its metrics.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'

export interface Readiness {
  /** Why it can't work now; null where it can. */
  readonly problem: string | null
  /** What does not stop it, but wants somebody's attention. */
  readonly degraded: readonly string[]
}

export interface OperationsPorts {
  /** Tells whether it can work. Never rejects, and answers within two seconds. */
  readonly readiness: () => Promise<Readiness>
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> }
  /** Bearer token that metrics are shown for; undefined: to everybody. */
  readonly metricsToken: string | undefined
}

/** Adds /healthz, /readyz and /metrics. */
export const routeOperations = (app: FastifyInstance, ports: OperationsPorts): void => {
  app.get('/healthz', async () => ({ alive: true }))
  app.get('/readyz', async (_request, reply) => {
    const { problem, degraded } = await ports.readiness()
    return problem === null
      ? { ready: true, degraded }
      : reply.code(503).send({ ready: false, reason: problem, degraded })
  })
  app.get('/metrics', async (request, reply) => {
    if (ports.metricsToken !== undefined && !isBearer(request.headers.authorization, ports.metricsToken))
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'unauthorized' })
    return reply.type(ports.metrics.contentType).send(await ports.metrics.text())
  })
}

// The name of a scheme is written in any case. Hashed, so that neither the time nor the length of what was given tells
// anything of the token.
const isBearer = (authorization: string | undefined, token: string): boolean => {
  const [, given = ''] = /^Bearer +(.+)$/i.exec(authorization ?? '') ?? []
  return timingSafeEqual(hashOf(given), hashOf(token))
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
