// Whether the disk of a data folder is full: the one end of a mongod that its log may have no room to tell.

import { statfs } from 'node:fs/promises'
import { BillingSyncError } from '../../errors.ts'

/**
 * A disk with fewer free bytes counts as full. mongod ends over the first page, or part of its journal, that finds no room: some
 * 256 KiB at most, beyond which it may give back a little as it goes.
 */
const leastRoomBytes = 1024 * 1024

/**
 * Tells whether the disk of a folder is full; false where that is not told, as by file systems that count nothing. Never rejects.
 * @param leastBytes free bytes below which it is; default 1 MiB
 */
export const isDiskFull = async (folder: string, leastBytes = leastRoomBytes): Promise<boolean> => {
  const told = await statfs(folder).catch(() => null)
  if (told === null || told.blocks === 0) return false
  // What a file system keeps back is root's to use: statfs(2).
  const blocks = process.getuid?.() === 0 ? told.bfree : told.bavail
  return blocks * told.bsize < leastBytes
}

/**
 * Returns an error that a server's folder explains: where MongoDB is away and the disk is full, one that says so in place of
 * what that made of the connections; any other as it is.
 * @param leastBytes as of `isDiskFull`
 */
export const explainedByDisk = async (
  error: unknown,
  folder: string,
  leastBytes?: number,
): Promise<unknown> => {
  const isOutage = error instanceof BillingSyncError && error.code === 'mongodb_unavailable'
  if (!isOutage || !(await isDiskFull(folder, leastBytes))) return error
  const reason = `the disk of ${folder} is full, make room there`
  return new BillingSyncError('mongodb_unavailable', { reason }, { cause: error })
}
