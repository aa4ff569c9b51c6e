// What a command tells the supervisor that it starts. A command that joins one later takes it as it is.

import type { SocketName } from './announcements.ts'
import type { EmbeddedMongodEnvironment } from './mongod-binary.ts'

/** What a supervisor gets as JSON in its command line; no secret is in it. */
export interface SupervisorOrders {
  readonly settings: SupervisorSettings
  readonly socket: SocketName
}

/** Settings of a supervisor and of its server. */
export interface SupervisorSettings {
  /** Real path of the data folder. */
  readonly dataFolder: string
  readonly environment: EmbeddedMongodEnvironment
  /** BILLING_SYNC_MONGOD. */
  readonly mongodPath?: string | undefined
  /** Opens mongod's failpoints; for tests. Default false. */
  readonly testCommands: boolean
  /** Server parameters for mongod beside our own. */
  readonly extraParameters: Readonly<Record<string, string>>
  /** How long the server stays after the last command has gone, in milliseconds. */
  readonly lingerMs: number
}
