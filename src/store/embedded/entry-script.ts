// Where the scripts lie that run in processes of their own.

import { fileURLToPath } from 'node:url'

/** The scripts: each is one file of this folder. */
export type EntryScript = 'supervisor' | 'download-mongod'

/**
 * Finds a script that Node can run. From the TypeScript source (tests) that is the built one: Node 20 runs no
 * TypeScript, and what is tested is then what is shipped.
 */
export const entryScript = (name: EntryScript): string =>
  fileURLToPath(
    import.meta.url.endsWith('.ts')
      ? new URL(`../../../dist/bundle/${name}.js`, import.meta.url)
      : new URL(`${name}.js`, import.meta.url),
  )
