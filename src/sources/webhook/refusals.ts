// Why a delivery is not taken: the only such list. Stripe sends whatever is not answered 2xx again, so a refusal is no
// loss; the reason is told in the answer, in the log and in the metrics.

interface RefusalKind {
  readonly status: 400 | 413 | 503
  /** For whoever reads the answer in Stripe's dashboard: what was expected, and what to do. */
  readonly message: string
  /** Seconds after which another try makes sense; null where the same request never will. */
  readonly retryAfterSeconds: number | null
}

const wrong = (message: string): RefusalKind => ({ status: 400, message, retryAfterSeconds: null })
const later = (message: string, retryAfterSeconds: number): RefusalKind => ({
  status: 503,
  message,
  retryAfterSeconds,
})

/** The table of refusals. */
export const refusalKinds = {
  signature_missing: wrong('Expected a Stripe-Signature header'),
  signature_malformed: wrong('Expected a Stripe-Signature header of the form t=…,v1=…'),
  signature_stale: wrong('The signature is more than 300 s old; check the clock of this machine'),
  signature_future: wrong('The signature is more than 300 s ahead; check the clock of this machine'),
  signature_mismatch: wrong('The signature fits no signing secret; check STRIPE_WEBHOOK_SECRET'),
  event_invalid: wrong('The body is signed, but is no Stripe event'),
  account_mismatch: wrong('The event names another account than the one whose endpoint signed it'),
  body_too_large: {
    status: 413,
    message: 'The body is larger than BILLING_SYNC_MAX_BODY allows',
    retryAfterSeconds: null,
  },
  too_busy: later('Too much is under way', 1),
  backlog_full: later('Too many events wait to be handled', 60),
  mongodb_unavailable: later('The event could not be stored', 5),
  platform_unknown: later("The platform's account id is not known yet", 30),
} as const satisfies Record<string, RefusalKind>

export type Refusal = keyof typeof refusalKinds
