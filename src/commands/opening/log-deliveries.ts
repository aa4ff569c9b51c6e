// What becomes of the notices that commits owe, in the log: success and failure of each receiver, by account.

import type { Log } from '../../log.ts'
import type { SinkListener } from '../../sinks/sink.ts'

/** Returns a listener that logs what it is told: failures as warnings, what went well at the level given. */
export const logDeliveries = (log: Log, level: 'info' | 'debug'): SinkListener => ({
  onDelivered: ({ sink, account }, count) =>
    log[level](`notices for the ${sink} were delivered`, { account, sink, count }),
  onDeliveryFailed: ({ sink, account }, code) =>
    log.warn(`notices for the ${sink} were not confirmed`, {
      ...(account === null ? {} : { account }),
      ...{ sink, code },
    }),
  onDeliveryDead: ({ sink, account }) =>
    log.warn(`notices for the ${sink} were given up: see billing.outbox`, { account, sink }),
})
