// What a guard is, and the list of them all.

import { readdir } from 'node:fs/promises'

/**
 * One guard, and how it is taken out: a piece of a source file, which must stand there exactly once, gives way to another.
 * @typedef {object} Guard
 * @property {string} name what the guard keeps
 * @property {string} file
 * @property {string} find
 * @property {string} replace
 * @property {readonly { find: string, replace: string }[]} [also] further pieces of the same file
 * @property {readonly string[]} tests files of which at least one test must fail
 * @property {boolean} [isFull] true where only tests of FULL=1 show it: with FULL=1 it is taken out as well
 * @property {boolean} [isBundled] true where only what is packed shows it: it is bundled anew
 * @property {string} [titled] where the files are slow: a part of the full titles of the tests that matter
 */

/** Gathers the guards of all parts, in the order of their files' names. @returns {Promise<Guard[]>} */
export const gatherGuards = async () => {
  const folder = new URL('guards/', import.meta.url)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).sort()
  const parts = await Promise.all(names.map((name) => import(new URL(name, folder).href)))
  return parts.flatMap(({ guards }) => guards)
}
