// Prints what came of a replay: one JSON document, or text for people.

import type { DocumentChange } from '../../core/document-change.ts'
import type { ReplayTally } from '../../sources/replay-tally.ts'
import { changesInJson, listChanges } from '../../ui/changes-table.ts'
import { decideColour } from '../../ui/colour.ts'
import { formatReplay } from '../../ui/replay-result.ts'
import type { ReplayRequest } from './replay-request.ts'

interface ReplayEnd {
  readonly request: Pick<ReplayRequest, 'json' | 'dryRun' | 'input'>
  /** What a dry run would have changed. */
  readonly changes: readonly DocumentChange[]
  /** True where files were looked for in a directory. */
  readonly ofDirectories: boolean
  /** True where a signal ended the run before its input had ended. */
  readonly interrupted: boolean
  readonly durationMs: number
}

/** Prints the result on stdout. */
export const printReplay = (
  tally: ReplayTally,
  { request, changes, ofDirectories, interrupted, durationMs }: ReplayEnd,
): void => {
  const summary = tally.summary(durationMs)
  const listed = listChanges(changes)
  decideColour(process.stdout)
  const text = request.json
    ? `${JSON.stringify({ ...summary, ...(request.dryRun ? changesInJson(listed) : {}) })}\n`
    : formatReplay(summary, {
        ...tally,
        interrupted,
        input: ofDirectories ? 'directories' : request.input.kind,
        dryRun: request.dryRun ? listed : null,
      })
  process.stdout.write(text)
}
