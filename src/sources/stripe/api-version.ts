/** The version in which Stripe is asked: that of the SDK's types. The only place that pins it. */
export const pinnedApiVersion = '2026-10-28.endive'
