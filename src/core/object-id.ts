// Ids of Stripe objects: only strings that pass here ever become part of a document's `_id`.

/** 1 to 255 printable characters: merchants choose the ids of products themselves. */
const objectIdPattern = /^\P{C}{1,255}$/u

/** Tells whether a value can be an object's id. */
export const isObjectId = (value: unknown): value is string =>
  typeof value === 'string' && objectIdPattern.test(value)
