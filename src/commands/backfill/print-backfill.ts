// Prints what came of a backfill: one JSON document, or text for people.

import type { DocumentChange } from '../../core/document-change.ts'
import type { BackfillTally } from '../../sources/backfill/backfill-tally.ts'
import { formatBackfill } from '../../ui/backfill-result.ts'
import { changesInJson, listChanges } from '../../ui/changes-table.ts'
import { decideColour } from '../../ui/colour.ts'
import type { BackfillRequest } from './backfill-request.ts'

interface BackfillEnd {
  readonly request: Pick<BackfillRequest, 'json' | 'dryRun' | 'verify' | 'restart' | 'ids' | 'accounts'>
  /** What a dry run would have changed. */
  readonly changes: readonly DocumentChange[]
  /** True where a signal ended the run before its lists had ended. */
  readonly interrupted: boolean
  readonly durationMs: number
}

/** Prints the result on stdout. */
export const printBackfill = (
  tally: BackfillTally,
  { request, changes, interrupted, durationMs }: BackfillEnd,
): void => {
  const listed = listChanges(changes)
  decideColour(process.stdout)
  const text = request.json
    ? `${JSON.stringify({ ...tally.summary(durationMs), ...(request.dryRun ? changesInJson(listed) : {}) })}\n`
    : formatBackfill(tally, {
        durationMs,
        dryRun: request.dryRun ? listed : null,
        isAudit: request.verify,
        resumes: !(request.verify || request.dryRun || request.ids.length > 0),
        restarts: request.restart,
        ofAll: request.accounts === null,
        ofIds: request.ids.length > 0,
        interrupted,
      })
  process.stdout.write(text)
}
