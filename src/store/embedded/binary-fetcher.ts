// What a way of fetching a program looks like to the cache that keeps it.

/** A way to fetch a program. */
export interface BinaryFetcher {
  /** Name of the program in the cache; another version needs another name. */
  readonly name: string
  /** For people: where the program comes from. */
  readonly label: string
  readonly fetch: FetchBinary
}

/** Fetches a program into an empty folder; answers where it lies there, or why there is none. Never throws. */
export type FetchBinary = (request: FetchRequest) => Promise<{ readonly path: string } | Refusal>

export interface FetchRequest {
  readonly folder: string
  readonly onProgress: (text: string) => void
  /** Aborts the fetch, which then answers a refusal. */
  readonly signal: AbortSignal
}

/** Why there is nothing to use, to be read after the name of what was tried. */
export interface Refusal {
  readonly problem: string
}
