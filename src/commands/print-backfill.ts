// Prints what came of a backfill: one JSON document, or text for people.

import type { DocumentChange } from '../core/document-change.ts'
import type { BackfillTally } from '../sources/backfill/backfill-tally.ts'
import { formatBackfill } from '../ui/backfill-result.ts'
import { listChanges } from '../ui/changes-table.ts'
import { settleColour } from '../ui/colour.ts'
import type { BackfillRequest } from './backfill-request.ts'

interface BackfillEnd {
  readonly request: Pick<BackfillRequest, 'json' | 'dryRun' | 'verify'>
  /** What a dry run would have changed. */
  readonly changes: readonly DocumentChange[]
  readonly durationMs: number
}

/** Prints the result on stdout. */
export const printBackfill = (tally: BackfillTally, { request, changes, durationMs }: BackfillEnd): void => {
  const listed = listChanges(changes)
  settleColour(process.stdout)
  const text = request.json
    ? `${JSON.stringify({ ...tally.summary(durationMs), ...(request.dryRun ? listed : {}) })}\n`
    : formatBackfill(tally, {
        durationMs,
        dryRun: request.dryRun ? listed : null,
        isAudit: request.verify,
      })
  process.stdout.write(text)
}
