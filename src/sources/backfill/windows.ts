// Windows: the parts of a list that are still to be walked, each newest first. Pure. Guarantees: the windows that
// replace one after a page cover exactly what the page left of it, seconds shared by two windows included in one of
// them only; what appears at the list's head meanwhile lies in a window of its own, which is walked last.

/** An object in a list. */
export interface Place {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
}

/** A part of a list still to be walked: `[from, to)` in Unix seconds of `created`, after `last`. */
export interface Window {
  /** Null: as far back as the list goes. */
  readonly from: number | null
  /** Null: up to what is created now. */
  readonly to: number | null
  /** The last object read of it; null while none was. */
  readonly last: Place | null
  /** True for the newest end of the list: it is walked last, and again until its first page shows nothing new or is its only one. */
  readonly isHead: boolean
  /** Objects of it that were read before; they are skipped. */
  readonly known: readonly string[]
  /** How many pages further back the next cut is made where nothing tells how far the list goes. */
  readonly reachPages: number
}

/** What a page tells of its list. */
export interface PageFacts {
  /** In the order of the page, newest first; empty only on the last page. */
  readonly places: readonly Place[]
  readonly hasMore: boolean
  /** Second in which the page was asked for, never later than the true one. */
  readonly sentSecond: number
}

/** First guess of how far a list goes back, in pages, and by how much each next guess is larger. */
const firstReachPages = 16
const reachGrowth = 4

/** A window of fewer pages is not worth the half page that a cut costs on average. */
const fewestPagesToCut = 6

/** Returns the window that a walk begins with: without bounds it needs no filter. */
export const firstWindow = (from: number | null, to: number | null): Window => ({
  from,
  to,
  last: null,
  isHead: true,
  known: [],
  reachPages: firstReachPages,
})

/**
 * Returns what is left of a window after a page of it: none, or the rest, cut in two where more windows are welcome,
 * and a new head where the page was the head's first, not its only one, and showed something new.
 */
export const windowsAfter = (window: Window, page: PageFacts, mayCut: boolean): readonly Window[] => {
  const oldest = page.places.at(-1)
  if (!page.hasMore || oldest === undefined) return []
  const rest: Window = { ...window, last: oldest, isHead: false, known: [] }
  const head = window.isHead && showsNew(window, page) ? headAfter(window, page) : null
  // Most lists end within their second page: what lies beyond is guessed at only after that.
  const isBeginning = window.from === null && window.last === null && window.reachPages === firstReachPages
  const parts = mayCut && !isBeginning ? cut(rest, page) : [rest]
  return head === null ? parts : [...parts, head]
}

/** Returns the window without its cursor, whose object is gone: from the second of the last one read on. */
export const windowWithoutCursor = (window: Window): Window =>
  window.last === null ? window : { ...window, to: window.last.created + 1, last: null }

/**
 * Tells whether windows that are left certainly hold something: after an object that was read there was more, unless what is
 * left is a part that a cut had guessed at, and the parts below it are walked.
 */
export const surelyHoldMore = (windows: readonly Window[]): boolean =>
  windows.some((window) => window.last !== null && reachesTheEnd(window, windows))

const reachesTheEnd = ({ from }: Window, windows: readonly Window[]): boolean =>
  from === null || windows.some((below) => below.to === from && reachesTheEnd(below, windows))

// A page full of objects that are created in the future, by what they say, would be the newest one for ever; what is created
// now lies behind them, in the rest.
const showsNew = ({ known }: Window, { places }: PageFacts): boolean =>
  places.some(({ id }) => !known.includes(id))

// Whatever is created after the page was asked for has its second or a later one.
const headAfter = (window: Window, { places, sentSecond }: PageFacts): Window | null => {
  if (window.to !== null && window.to <= sentSecond) return null
  const from = Math.max(sentSecond, window.from ?? sentSecond)
  const known = places.filter(({ created }) => created >= from).map(({ id }) => id)
  return { ...window, from, last: null, isHead: true, known }
}

const cut = (rest: Window, { places }: PageFacts): readonly Window[] => {
  const [newest, oldest] = [places[0], rest.last]
  if (newest === undefined || oldest === null) return [rest]
  const pageSeconds = Math.max(1, newest.created - oldest.created)
  const middle =
    rest.from === null
      ? oldest.created - pageSeconds * rest.reachPages
      : Math.floor((rest.from + oldest.created) / 2)
  const isLong = rest.from === null || oldest.created - rest.from >= pageSeconds * fewestPagesToCut
  if (!isLong || middle <= (rest.from ?? 0) || middle >= oldest.created) return [rest]
  return [
    { ...rest, from: middle },
    { ...rest, to: middle, last: null, reachPages: rest.reachPages * reachGrowth },
  ]
}
