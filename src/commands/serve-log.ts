// What `serve` writes to its log of each delivery; the work on events writes its own lines.

import type { Log } from '../log.ts'
import type { ServeListener } from '../watch/serve-listener.ts'

/** Returns a listener that logs: what was refused, and on request what was taken. */
export const logDeliveries = (log: Log): Partial<ServeListener> => ({
  onAcknowledged: ({ delivery: { event, account }, receipt, ms }) => {
    const fields = { event_id: event.id, account, type: event.type, outcome: receipt, ms: Math.round(ms) }
    log.debug('webhook acknowledged', fields)
  },
  onRefused: ({ refusal, event, ms }) => {
    const known =
      event === null
        ? {}
        : {
            event_id: event.id,
            type: event.type,
            ...(event.account === null ? {} : { account: event.account }),
          }
    log.warn('webhook refused', { ...known, code: refusal, ms: Math.round(ms) })
  },
  onConflict: ({ event, account }) =>
    log.warn('another event came under a known id; the first one is kept', {
      event_id: event.id,
      account,
      type: event.type,
      code: 'event_conflict',
    }),
  onDeliveryFailed: (sink, code) => log.warn(`notices for the ${sink} were not confirmed`, { code }),
  onDeliveryDead: (sink) => log.warn(`notices for the ${sink} were given up: see billing.outbox`),
})
