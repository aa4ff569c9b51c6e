// What may follow options that take a list: of one choice alone, commander knows it itself.

import { logLevels } from '../../config/settings.ts'
import { inboxStatuses } from '../../core/inbox-row.ts'
import { resourceNames } from '../../sources/backfill/resources.ts'

/** The choices by the option, for completion. */
export const flagChoices: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['--log-level', logLevels],
  ['--resource', resourceNames],
  ['--status', inboxStatuses],
])
