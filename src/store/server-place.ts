// Where the MongoDB server of a run was named, and which hosts were named there. Guarantee: no user name and no password,
// however badly they are written; a connection string that could be read in two ways gives no hosts.

/** What errors may tell of a connection string. */
export interface ServerPlace {
  /** The flag, variable or config key that named it. */
  readonly source: string
  /** Its hosts as they were written; null where they are not told. */
  readonly hosts: string | null
}

// A password with an `@`, `/` or `?` of its own would have a part of it read as a host: none of them may come again.
const plain = /^mongodb(?:\+srv)?:\/\/(?:[^@/?:]*(?::[^@/?:]*)?@)?([\w.,:[\]-]+)(?:[/?][^@]*)?$/

/** Returns the hosts of a connection string, or null. */
export const hostsOf = (uri: string): string | null => plain.exec(uri)?.[1] ?? null
