// One event nested too deep for MongoDB, as it may be delivered again: the same in other bytes, or another one.

import type { Delivery } from '../../src/ports/pipeline-store.ts'
import { deliveryOfText } from './deliveries.ts'

/** Returns deliveries of an event with a list nested so deep: those that are the same, and those that are not. */
export const deepDeliveries = (
  event: object,
  levels: number,
): { readonly same: readonly Delivery[]; readonly different: readonly Delivery[] } => {
  const withInmost = (inmost: string): string =>
    JSON.stringify(event).replace(
      '"metadata":{',
      `"deep":${'['.repeat(levels)}${inmost}${']'.repeat(levels)},$&`,
    )
  const text = withInmost('1')
  return {
    same: [text, `${text} `, text.replace('"pending_webhooks":', '"pending_webhooks": 1')].map((each) =>
      deliveryOfText(each),
    ),
    different: [withInmost('2'), JSON.stringify(event)].map((each) => deliveryOfText(each)),
  }
}
