// What claims have in common, whatever they are on. Guarantees: a claim is void once it was not renewed for a while, by
// the clock of the server alone, and at once where its process is gone from the machine of whoever asks; that of a
// process that lives never is. A container that starts again has the process id of the one that died, and may have all
// the rest of it as well: it can't tell whether that is gone, so the claim has to lapse.

import { hasEnded } from './embedded/process-table.ts'
import type { ThisProcess } from './this-process.ts'

/** Who made a claim, and until when it holds. */
export interface LapsingClaim extends Pick<ThisProcess, 'host' | 'pid'> {
  readonly lapses_at: Date
}

/** How long a claim holds without being renewed; it is renewed three times as often. */
export const claimMs = 9_000

/** A claim's end as an update writes it. */
export const lapsesAt = { $add: ['$$NOW', claimMs] }

/** Selects the claims that nobody has renewed in time. */
export const hasLapsed = { $expr: { $lt: ['$lapses_at', '$$NOW'] } }

/** Tells whether the process that made a claim is known to be gone. Never throws. */
export const isOfDead = async (
  { host, pid }: Pick<LapsingClaim, 'host' | 'pid'>,
  us: ThisProcess,
): Promise<boolean> => host === us.host && pid !== us.pid && (await hasEnded(pid))
