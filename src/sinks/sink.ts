// What a sink is: one receiver of notices, and what is told about it.

import type { Lane, OutboxRow, SinkName } from '../ports/outbox-store.ts'

/** A receiver. Guarantee: `send` resolves only once the receiver has confirmed every row. */
export interface Sink {
  readonly name: SinkName
  /**
   * Sends rows of one account in their order; a row sent before is recognised by its ids. Throws `sink_unavailable` for
   * an outage, `sink_rejected` where the receiver refuses what it is given; some of the rows may have arrived then.
   */
  send(rows: readonly OutboxRow[]): Promise<void>
  close(): Promise<void>
}

/** Told of deliveries, for the log and metrics. Must not throw. */
export interface SinkListener {
  /** Rows of a lane were confirmed: so many notices. */
  readonly onDelivered: (lane: Lane, count: number) => void
  /** A try failed, or what was sent never came to the Support clients of this process; the code is one of `errors.ts`. The account is null where it was not known yet which lanes wait. */
  readonly onDeliveryFailed: (
    lane: { readonly sink: SinkName; readonly account: string | null },
    code: string,
  ) => void
  /** A row of a lane was given up. */
  readonly onDeliveryDead: (lane: Lane) => void
}
