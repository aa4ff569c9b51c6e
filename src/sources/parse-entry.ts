// The bytes of an event, whichever way they came: a webhook, a file, the inbox or Stripe's own list.

import { isAscii } from 'node:buffer'
import type { Json } from '../core/json.ts'
import { type ParsedEvent, parseStripeEvent } from '../core/stripe-event.ts'

/** Returns the event that an entry's bytes hold, or the problem. Never throws. */
export const parseEntry = (bytes: Uint8Array): ParsedEvent => {
  let value: Json
  try {
    value = JSON.parse(textOf(bytes))
  } catch {
    // The parser's text quotes the payload.
    return { problem: 'it is not valid JSON, or several values where one is expected' }
  }
  return parseStripeEvent(value)
}

// Nearly all events are plain ASCII, which is read in a quarter of the time that UTF-8 takes (measured).
const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(isAscii(bytes) ? 'latin1' : 'utf8')
