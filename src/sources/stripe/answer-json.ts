// Answers of the SDK as the JSON that Stripe sent: it makes objects of its own of decimals, and JSON makes them the
// strings again that webhooks carry.

import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'

/** Returns an answer as JSON. Throws a `TypeError` for what is no object. */
export const plain = (answer: object): JsonObject => {
  const value: Json = JSON.parse(JSON.stringify(answer))
  if (!isJsonObject(value)) throw new TypeError('Stripe answered no object')
  return value
}
