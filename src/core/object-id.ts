// Ids of Stripe objects, and those of events and accounts, which Stripe alone makes: only strings that pass here ever
// become part of a document's `_id`.

/** An id of an event or an account, such as evt_1 or acct_1, as part of a pattern; it captures nothing. */
export const stripeIdSource = '[a-z0-9]+(?:_[A-Za-z0-9]+)+'

/** The whole of such an id. */
export const stripeIdPattern = new RegExp(`^${stripeIdSource}$`)

/** Stands in while nobody has told the platform's account id. No account of Stripe's has it: it is none by the pattern. */
export const platformPlaceholder = 'platform'

/** 1 to 255 printable characters: merchants choose the ids of products themselves. */
const objectIdPattern = /^\P{C}{1,255}$/u

/** Tells whether an object can be asked for by its id: a merchant may name a product `.` or `..`, which no URL can. */
export const isRetrievable = (id: string): boolean => id !== '.' && id !== '..'

/** Tells whether a value can be an object's id. */
export const isObjectId = (value: unknown): value is string =>
  typeof value === 'string' && objectIdPattern.test(value)
