// Everything that a running `serve` tells about itself, to its log, its metrics and its dashboard.

import type { Delivery } from '../ports/pipeline-store.ts'
import type { SinkListener } from '../sinks/sink.ts'
import type { WorkListener } from '../sources/inbox-work/work-listener.ts'
import type { TellAnswer } from '../sources/stripe/counted-http-client.ts'
import type { WebhookListener } from '../sources/webhook/webhook-route.ts'

/** Must not throw. */
export interface ServeListener extends WebhookListener, WorkListener, SinkListener {
  /** Another event came under a known id: the first one is kept. */
  readonly onConflict: (delivery: Delivery) => void
  /** So many events are dead by now, over all processes. */
  readonly onDeadCounted: (count: number) => void
  /** Stripe answered a request, or did not. */
  readonly onStripeAnswer: TellAnswer
}

/** Returns a listener that tells all of those given. */
export const tellAll = (listeners: readonly Partial<ServeListener>[]): ServeListener => {
  const tell =
    <Name extends keyof ServeListener>(name: Name) =>
    (...told: Parameters<ServeListener[Name]>): void => {
      for (const listener of listeners) {
        const hear = listener[name] as ((...told: Parameters<ServeListener[Name]>) => void) | undefined // of this name
        hear?.(...told)
      }
    }
  return {
    onAcknowledged: tell('onAcknowledged'),
    onRefused: tell('onRefused'),
    onConflict: tell('onConflict'),
    onOutcome: tell('onOutcome'),
    onRetry: tell('onRetry'),
    onDead: tell('onDead'),
    onWaiting: tell('onWaiting'),
    onLostCommit: tell('onLostCommit'),
    onTrouble: tell('onTrouble'),
    onTakeover: tell('onTakeover'),
    onDelivered: tell('onDelivered'),
    onDeliveryFailed: tell('onDeliveryFailed'),
    onDeliveryDead: tell('onDeliveryDead'),
    onDeadCounted: tell('onDeadCounted'),
    onStripeAnswer: tell('onStripeAnswer'),
  }
}
