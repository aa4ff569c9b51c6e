// Where the configuration's Redis is, and by what a database is told from others that share it.

import type { Config } from '../../config/config.ts'
import type { Database } from '../../store/database.ts'
import { databaseIdentity } from '../../store/database-identity.ts'

export interface RedisPlace {
  readonly url: string
  /** The database's identity. */
  readonly database: string
}

/** Returns the place; null where no Redis is configured. Throws `mongodb_unavailable`. */
export const redisPlaceOf = async (
  { redisUrl }: Pick<Config, 'redisUrl'>,
  { db }: Pick<Database, 'db'>,
): Promise<RedisPlace | null> =>
  redisUrl === undefined ? null : { url: redisUrl, database: await databaseIdentity(db) }
