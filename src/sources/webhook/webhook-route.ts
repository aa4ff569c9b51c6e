// POST /webhooks/stripe: 200 once the event is stored, or was before; else a refusal, and Stripe sends it again.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StripeEvent } from '../../core/stripe-event.ts'
import type { Delivery, Receipt } from '../../ports/pipeline-store.ts'
import { type Acceptance, acceptDelivery, type Refused } from './accept-delivery.ts'
import { type BodyPlace, BodyRoom, readBody } from './body.ts'
import { type Refusal, refusalKinds } from './refusals.ts'
import { readSignatureHeader } from './signature-header.ts'

/** Where Stripe's endpoints point. */
export const webhookPath = '/webhooks/stripe'

/** What is told of each delivery, for logs and metrics. */
export interface WebhookListener {
  readonly onAcknowledged: (told: Taken & Timed) => void
  readonly onRefused: (told: Refused & Timed) => void
}

/** A delivery that is stored, or was before. */
export interface Taken {
  readonly delivery: Delivery
  readonly receipt: 'stored' | 'duplicate'
  /** Label of the secret that signed it. */
  readonly signedBy: string
}

interface Timed {
  /** From the request's headers to the answer. */
  readonly ms: number
}

export interface WebhookPorts extends Pick<Acceptance, 'platformAccount'> {
  /** The secrets as they are now: those of accounts become known once the database is there. */
  readonly secrets: () => Acceptance['secrets']
  readonly maxBodyBytes: number
  /** Stores a delivery, or tells why not now. Never rejects, and answers within so many milliseconds. */
  readonly receive: (delivery: Delivery, patienceMs: number) => Promise<Receipt>
  readonly listener: WebhookListener
}

/** How long a delivery that has all come may wait for its answer, the platform's account and the insert together. */
const patienceMs = 2_500

/** Adds the route. */
export const routeWebhooks = (app: FastifyInstance, ports: WebhookPorts): void => {
  const room = new BodyRoom()
  app.post(webhookPath, async (request, reply) => {
    const started = performance.now()
    const place = room.enter()
    const taken =
      place === null ? refuse('too_busy') : await take(request, place, ports).finally(() => place.leave())
    const ms = performance.now() - started
    if (taken === 'gone') return reply.hijack()
    if ('refusal' in taken) {
      ports.listener.onRefused({ ...taken, ms })
      return sendRefusal(reply, taken.refusal)
    }
    ports.listener.onAcknowledged({ ...taken, ms })
    return reply.type('application/json').send('{"received":true}')
  })
}

const refuse = (refusal: Refusal, event: StripeEvent | null = null): Refused => ({ refusal, event })

const take = async (
  { raw }: FastifyRequest,
  place: BodyPlace,
  ports: WebhookPorts,
): Promise<Taken | Refused | 'gone'> => {
  const header = raw.headers['stripe-signature']
  // What can't be genuine is refused before any of its body is read.
  const signature = readSignatureHeader(typeof header === 'string' ? header : header?.[0], Date.now() / 1000)
  if (typeof signature === 'string') return refuse(signature)
  const body = await readBody(raw, place, ports.maxBodyBytes)
  if (body === 'gone') return 'gone'
  if (typeof body === 'string') return refuse(body)
  const arrived = performance.now()
  const accepted = await acceptDelivery(signature, body, {
    secrets: ports.secrets(),
    platformAccount: ports.platformAccount,
  })
  if ('refusal' in accepted) return accepted
  const { delivery, signedBy } = accepted
  const receipt = await ports.receive(delivery, patienceMs - (performance.now() - arrived))
  return receipt === 'stored' || receipt === 'duplicate'
    ? { delivery, receipt, signedBy }
    : refuse(receipt, delivery.event)
}

const sendRefusal = (reply: FastifyReply, refusal: Refusal): FastifyReply => {
  const { status, message, retryAfterSeconds } = refusalKinds[refusal]
  if (retryAfterSeconds !== null) reply.header('retry-after', retryAfterSeconds)
  return reply.code(status).send({ error: refusal, message })
}
