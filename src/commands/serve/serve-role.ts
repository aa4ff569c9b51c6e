/** Which part of the work a `serve` process does. */
export type ServeRole = 'all' | 'ingest' | 'work'
