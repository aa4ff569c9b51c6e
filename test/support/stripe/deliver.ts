// Delivers events to a webhook endpoint over real HTTP, signed, as often and in whatever order a test wants.
import { Agent, type IncomingMessage, request } from 'node:http'
import { machineSeconds } from './clock.ts'
import { type DeliveryOrder, inOrder } from './delivery-order.ts'
import { type EventRecord, eventPayload } from './event-record.ts'
import { type Hash, textAt } from './json.ts'
import { signatureHeader } from './webhook-signature.ts'

/** An event of a world, a body that the test made itself, or the very bytes to be sent. */
export type Deliverable = EventRecord | Hash | string

export interface Endpoint {
  readonly url: string
  /** One signing secret, or all that are active while it is being rolled. */
  readonly secret: string | readonly string[]
  /** The endpoint's own API version; default the account's at the time of the event. */
  readonly apiVersion?: string
  /** A Connect endpoint is told the `account`; one of the account's own is not. Default true. */
  readonly isConnect?: boolean
}

export interface DeliveryOptions {
  readonly order?: DeliveryOrder
  /** How often each event is sent in all; default 1. */
  readonly copies?: number
  /** How many are under way at once; default 1, which keeps the order. */
  readonly concurrency?: number
  /** Tries of each until a 2xx, as Stripe tries again, each signed anew; default 1. */
  readonly attempts?: number
  /** The signature's `t` in unix seconds; default the machine's time at each try. */
  readonly timestamp?: number
  /** Spoils or replaces the signature header; undefined sends none. */
  readonly signature?: (header: string) => string | undefined
  /** Changes a payload before it is signed, such as to a status nobody knows. */
  readonly payload?: (payload: Hash) => Hash
}

export interface DeliveryResult {
  readonly eventId: string | null
  /** Of the last try; null when there was no answer. */
  readonly status: number | null
  readonly body: string
  /** The answer's header; null where it has none. */
  readonly retryAfter: string | null
  /** Code of the connection's error, null when there was an answer. */
  readonly error: string | null
  /** True where the last try was sent over a connection that was answered before. */
  readonly isReused: boolean
  readonly attempts: number
  /** Milliseconds from sending to the end of the answer, of the last try. */
  readonly ms: number
}

/** Sends the events; returns one result per event and copy, in the order of sending. Notes on each event if it got a 2xx. */
export const deliver = async (
  events: readonly Deliverable[],
  endpoint: Endpoint,
  options: DeliveryOptions = {},
): Promise<readonly DeliveryResult[]> => {
  const { order = 'given', copies = 1, concurrency = 1 } = options
  const sendings = inOrder(
    order,
    events.flatMap((event) => Array.from({ length: copies }, () => event)),
  )
  const results: DeliveryResult[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const queue = sendings.entries()
  const lane = async (): Promise<void> => {
    for (const [index, event] of queue) results[index] = await sent(event, endpoint, { ...options, agent })
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  agent.destroy()
  return results
}

interface Sending extends DeliveryOptions {
  readonly agent: Agent
}

const sent = async (event: Deliverable, endpoint: Endpoint, sending: Sending): Promise<DeliveryResult> => {
  const { attempts = 1 } = sending
  const body = bodyOf(event, endpoint, sending)
  const eventId = typeof event === 'string' ? null : textAt({ id: event.id ?? null }, 'id')
  let result = await posted(body, endpoint, sending)
  let tries = 1
  for (; tries < attempts && !isSuccess(result); tries += 1) result = await posted(body, endpoint, sending)
  if (isRecord(event)) event.delivered = isSuccess(result)
  return { ...result, eventId, attempts: tries }
}

const isSuccess = ({ status }: { readonly status: number | null }): boolean =>
  status !== null && status >= 200 && status < 300

const isRecord = (event: Deliverable): event is EventRecord => typeof event === 'object' && 'subject' in event

const bodyOf = (
  event: Deliverable,
  { apiVersion, isConnect = true }: Endpoint,
  { payload }: Sending,
): string => {
  if (typeof event === 'string') return event
  const version = apiVersion === undefined ? {} : { apiVersion }
  const rendered = isRecord(event) ? eventPayload(event, { ...version, namesAccount: isConnect }) : event
  return JSON.stringify(payload === undefined ? rendered : payload(rendered))
}

type Answered = Omit<DeliveryResult, 'eventId' | 'attempts'>

const posted = (body: string, { url, secret }: Endpoint, sending: Sending): Promise<Answered> => {
  const { agent, timestamp = machineSeconds(), signature = (header) => header } = sending
  const header = signature(signatureHeader({ body, secrets: secret, timestamp }))
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    ...(header === undefined ? {} : { 'stripe-signature': header }),
  }
  const startedMs = performance.now()
  const ms = (): number => performance.now() - startedMs
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resolve({
        ...{ status: null, body: '', retryAfter: null },
        error: error.code ?? error.message,
        isReused: posting.reusedSocket,
        ms: ms(),
      })
    const posting = request(url, { method: 'POST', agent, headers }, (answer: IncomingMessage) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('error', failed)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? null,
          body: text,
          retryAfter: answer.headers['retry-after'] ?? null,
          error: null,
          isReused: posting.reusedSocket,
          ms: ms(),
        }),
      )
    })
    posting.on('error', failed)
    posting.end(body)
  })
}
