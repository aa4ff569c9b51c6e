// Which of Stripe's two worlds a key opens: https://docs.stripe.com/keys

/** Returns the mode of a key, of an account's or an organization's; null where it does not tell, or there is none. */
export const livemodeOfKey = (secretKey: string | null | undefined): boolean | null => {
  const [, mode] = /^[rs]k_(?:org_)?(live|test)_/.exec(secretKey ?? '') ?? []
  return mode === undefined ? null : mode === 'live'
}
