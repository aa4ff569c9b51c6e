// A steady load of signed webhooks, sent as Stripe does: again and again until each is acknowledged.

import { setTimeout as wait } from 'node:timers/promises'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { webhookSecret } from '../support/serve-process.ts'
import { type DeliveryResult, deliver } from '../support/stripe/deliver.ts'
import { isHonest } from './honest-answers.ts'
import { paidInvoiceEvents } from './paid-invoice.ts'

export interface LoadOptions {
  /** Where webhooks are sent at the moment; empty where nobody listens. */
  readonly urls: () => readonly string[]
  readonly accounts: readonly string[]
  /** From 0 up to 1. */
  readonly random: () => number
}

export interface Load {
  /** Ids of events that were answered 2xx. */
  readonly acknowledged: ReadonlySet<string>
  /** Answers that were no 2xx, and connections that were cut. */
  readonly refused: () => number
  /** Answers that no sender should ever get. */
  readonly dishonest: readonly DeliveryResult[]
  /** Sends no further invoices, and resolves once every event that was begun is acknowledged. */
  stop(): Promise<void>
}

/** Invoices under way at once, each with its events in any order. */
const invoicesAtOnce = 6

/** Pause before an event is sent again. */
const pauseMs = 50

/** Starts the load: one paid invoice after another, in turn for each account. */
export const startLoad = ({ urls, accounts, random }: LoadOptions): Load => {
  const acknowledged = new Set<string>()
  const dishonest: DeliveryResult[] = []
  let refused = 0
  let invoices = 0
  let isStopping = false
  const send = async (event: SnapshotEvent): Promise<void> => {
    for (;;) {
      const targets = urls()
      const target = targets[Math.floor(random() * targets.length)]
      const [result] =
        target === undefined ? [] : await deliver([{ ...event }], { url: target, secret: webhookSecret })
      if (result?.status === 200) break
      // A process that is killed answers nothing.
      if (result !== undefined && result.status !== null && !isHonest(result)) dishonest.push(result)
      refused += 1
      await wait(pauseMs)
    }
    acknowledged.add(event.id)
  }
  const lane = async (): Promise<void> => {
    while (!isStopping) {
      invoices += 1
      const account = accounts[invoices % accounts.length] ?? ''
      const events = invoiceEvents(account, invoices).toSorted(() => random() - 0.5)
      for (const event of events) await send(event)
      // Stripe sends an event twice now and then.
      if (events[0] !== undefined && random() < 0.2) await send(events[0])
    }
  }
  const lanes = Promise.all(Array.from({ length: invoicesAtOnce }, lane))
  return {
    acknowledged,
    refused: () => refused,
    dishonest,
    stop: async () => {
      isStopping = true
      await lanes
    },
  }
}

// The ids of everything that an invoice does not share with the others of its account. All customers have one address:
// their contacts must not be in each other's way.
const ownIds = /"(evt|in|ch|sub|cus|pi|inpay)_([A-Za-z0-9]+)"/g

const invoiceEvents = (account: string, number: number): readonly SnapshotEvent[] =>
  JSON.parse(JSON.stringify(paidInvoiceEvents(account)).replace(ownIds, `"$1_$2n${number}"`))
