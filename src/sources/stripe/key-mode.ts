// Which of Stripe's two worlds a key opens: https://docs.stripe.com/keys

/** Returns the mode of a key, null where it does not tell. */
export const livemodeOfKey = (secretKey: string): boolean | null => {
  const [, mode] = /^[rs]k_(live|test)_/.exec(secretKey) ?? []
  return mode === undefined ? null : mode === 'live'
}
