import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that run for long, the longest first: begun last, one of them would keep a core waiting for the other. */
const longest = [
  'property/concurrent-writers',
  'commands/verify',
  'commands/unlisted',
  'commands/backfill',
  'property/order',
  'store/embedded/side-by-side',
  'commands/replay-from-stripe',
  'commands/replay-ended',
  'commands/replay-filters',
  'store/embedded/embedded-mongod',
  'fault/several-workers',
  'fault/three-serves',
  'commands/backfill-resume',
  'fault/mongodb-outage',
  'fault/under-fire',
  'fault/endings',
  'fault/bad-line',
  'commands/serve',
  'commands/catch-up',
  'commands/changed-mapping',
  'sinks/several-processes',
  'commands/replay-hostile',
  'commands/backfill-trouble',
  'property/retrieval',
  'cli',
  'fault/crash-points',
  'handle-deliveries',
].map((name) => `/test/${name}.test.ts`)

/** Begins with what runs for long, in a fresh clone too: vitest itself knows durations from an earlier run only. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = longest.findIndex((path) => moduleId.endsWith(path))
  return place === -1 ? longest.length : place
}
