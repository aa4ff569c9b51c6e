// What `serve` writes to its log: a line for each webhook that was refused, each outcome of an event, and each delivery.

import type { Log } from '../../log.ts'
import type { HandledEvent } from '../../sources/inbox-work/work-listener.ts'
import type { ServeListener } from '../../watch/serve-listener.ts'
import { logDeliveries } from '../opening/log-deliveries.ts'

/** Returns a listener that logs what it is told; a webhook that was taken only at the level `debug`. */
export const logServing = (log: Log): Partial<ServeListener> => ({
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
  onOutcome: (event) => {
    // A failure is told by what becomes of it.
    if (event.code === null) log.info('event handled', fieldsOf(event))
  },
  onRetry: (event) => log.warn('event failed, will be tried again', fieldsOf(event)),
  onDead: (event) => log.warn('event failed for good: see replay --stored --status dead', fieldsOf(event)),
  onWaiting: (event) => log.warn('event waits', fieldsOf(event)),
  onTakeover: (account) =>
    log.warn('work of a process that ended or stopped answering is taken over', { account }),
  onTrouble: (code, account) =>
    log.warn('work on events met trouble', { code, ...(account === null ? {} : { account }) }),
  ...logDeliveries(log, 'info'),
})

const fieldsOf = ({ eventId, account, type, outcome, code, ms }: HandledEvent) => ({
  event_id: eventId,
  account,
  type,
  outcome,
  code,
  ms,
})
