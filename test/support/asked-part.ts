/** Query of a request for a part of a list, as the played Stripe has parsed it. */
interface ListParams {
  readonly created?: { readonly gte?: string; readonly lt?: string }
  readonly starting_after?: string
}

const read = (params: unknown): ListParams => (params ?? {}) as ListParams // as the query has it

/** Returns the Unix second from which on objects are asked for, NaN where there is none. */
export const createdFrom = (params: unknown): number => Number(read(params).created?.gte)

/** Returns the Unix second before which objects are asked for, NaN where there is none. */
export const createdBefore = (params: unknown): number => Number(read(params).created?.lt)

/** Returns the object after which the page begins. */
export const cursorOf = (params: unknown): string | undefined => read(params).starting_after

/** Tells whether the newest end of a list is asked for again, which is done last. */
export const isOfHead = (params: unknown): boolean => isUpToNow(params) && cursorOf(params) === undefined

/** Tells whether the part of a list is asked for of which nobody knows yet whether it holds anything. */
export const isGuessed = (params: unknown): boolean => isUpToNow(params) && cursorOf(params) !== undefined

const isUpToNow = (params: unknown): boolean =>
  read(params).created?.gte !== undefined && read(params).created?.lt === undefined
