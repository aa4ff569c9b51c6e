import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that run for long, the longest first: begun last, one of them would keep a core waiting for the other. */
export const longestFiles: readonly string[] = [
  'property/concurrent-writers',
  'property/order',
  'commands/backfill/backfill-resume',
  'commands/backfill/unlisted',
  'commands/mongodb-away-end',
  'fault/mongodb-outage',
  'commands/backfill/backfill',
  'commands/backfill/verify',
  'store/embedded/side-by-side',
  'cli',
  'store/embedded/embedded-mongod',
  'commands/replay/replay-ended',
  'commands/replay/replay-from-stripe',
  'sinks/several-processes',
  'commands/serve/keep-caught-up',
  'story',
  'oracle/world',
  'fault/endings',
  'pipeline/handle-deliveries',
  'store/held-account',
  'sinks/conformance',
  'fault/crash-points',
  'commands/backfill/backfill-trouble',
  'property/ways',
  'commands/changed-mapping',
  'fault/bad-line',
  'commands/serve/serve-start',
  'commands/replay/replay-filters',
  'commands/replay/replay-inputs',
  'property/retrieval',
  'pipeline/derive-contacts',
  'commands/serve/waiting-events',
  'commands/serve/serve',
  'commands/replay/replay-hostile',
  'fault/http-abuse',
].map((name) => `/test/${name}.test.ts`)

/** Begins with what runs for long, in a fresh clone too: vitest itself knows durations from an earlier run only. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = longestFiles.findIndex((path) => moduleId.endsWith(path))
  return place === -1 ? longestFiles.length : place
}
