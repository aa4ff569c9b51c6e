// Versions of Stripe's API, and the generations of shapes that the played Stripe can render. Breaking changes come only
// with the first version of a release train, so the date of a version tells its generation.

/** Newest version known here: what stripe@23.1.0 asks for, and how the world holds its objects. */
export const ENDIVE = '2026-10-28.endive'
/** Last version in which charges and invoices name each other. */
export const ACACIA = '2025-02-24.acacia'
/** A version from the time when charges carried their refunds unasked. */
export const CLASSIC = '2020-08-27'

/** `classic` is before 2022-11-15, `acacia` before 2025-03-31, `basil` everything since. */
export type Generation = 'classic' | 'acacia' | 'basil'

/** Returns the generation of shapes that a version renders. */
export const generationOf = (version: string): Generation => {
  const date = version.slice(0, '2025-03-31'.length)
  if (date >= '2025-03-31') return 'basil'
  return date >= '2022-11-15' ? 'acacia' : 'classic'
}

/** Tells whether a `Stripe-Version` header is spelt as a version: `2020-08-27` or `2025-02-24.acacia`. */
export const isVersion = (text: string): boolean => /^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(text)
