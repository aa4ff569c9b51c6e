// The two generations of Stripe's API shapes, told apart by the version's date.

export type Generation = 'before_basil' | 'since_basil'

/** First version of the newer shapes: https://docs.stripe.com/changelog/basil (2025-03-31). */
const basil = '2025-03-31'

/** Returns the generation that an `api_version` such as `2026-10-28.endive` renders; null counts as the older one. */
export const generationOf = (apiVersion: string | null): Generation =>
  apiVersion !== null && apiVersion.slice(0, basil.length) >= basil ? 'since_basil' : 'before_basil'
