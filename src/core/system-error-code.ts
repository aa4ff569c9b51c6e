// What Node, or the operating system, calls a failure.

/** Returns the code of an error, such as `ENOENT`; null where it has none. Never throws. */
export const systemErrorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error ? String(error.code) : null
