// A user with a password, for connection strings that hold one.

import { afterAll } from 'vitest'
import type { TestDatabase } from './database.ts'

/**
 * Makes a user of a file's database, and returns the connection string that names it; call it at the top of a file. The
 * server of the tests lets everybody in, but whoever names a user must give the right password.
 */
export const nameUser = async ({ db, uri }: TestDatabase, password: string): Promise<string> => {
  await db.command({ createUser: 'ann', pwd: password, roles: ['readWrite'] })
  afterAll(() => db.command({ dropAllUsersFromDatabase: 1 }))
  const named = new URL(uri)
  named.username = 'ann'
  named.password = encodeURIComponent(password)
  named.searchParams.set('authSource', db.databaseName)
  return named.href
}
