// What counts as drift, and what confirms it.

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'verify: only what two looks saw the same way is confirmed',
    file: 'src/sources/backfill/confirm-drift.ts',
    find: 'if (markOf(look) === markOf(before)) confirmed',
    replace: "if (markOf(look) !== '' || markOf(before) === '') confirmed",
    tests: ['test/sources/backfill/confirm-drift.test.ts'],
  },
  {
    name: 'drift: a read reconciles an object even where it says nothing new',
    file: 'src/handlers/project.ts',
    find: '  seen.eventId === null ||\n',
    replace: '',
    tests: ['test/handlers/project.test.ts'],
  },
  {
    name: 'drift: what is read is compared however much newer the stored document is',
    file: 'src/core/drift.ts',
    find: '  moment: afterAll,',
    replace: '  moment: Math.min(seen.moment, afterAll),',
    tests: ['test/pipeline/compare-batch.test.ts'],
  },
  {
    name: 'drift: fields that only one of two API versions renders are no difference',
    file: 'src/core/drift.ts',
    find: '  if (!Object.hasOwn(stored, name) || !Object.hasOwn(seen, name)) return false\n',
    replace: '',
    tests: ['test/core/drift.test.ts'],
  },
  {
    name: 'drift: each object is compared alone, with relatives as they are stored',
    file: 'src/pipeline/compare-batch.ts',
    find: '  work.rollback(savepoint)\n',
    replace: '',
    tests: ['test/pipeline/compare-batch.test.ts'],
  },
  {
    name: 'verify: a key that does not tell its mode is told what it does not find',
    file: 'src/commands/backfill/backfill-one.ts',
    find: 'if (stripe.livemode === null)',
    replace: "if (stripe.livemode === null && account === '')",
    tests: ['test/commands/backfill/key-without-mode.test.ts'],
  },
  {
    name: 'verify: where something was not compared the two do not simply agree',
    file: 'src/ui/backfill-result.ts',
    find: 'warnings.length > 0)',
    replace: 'warnings.length < 0)',
    tests: ['test/ui/backfill-result.test.ts'],
  },
  {
    name: 'drift: the mode of a document that has none of its own is compared',
    file: 'src/core/drift.ts',
    find: "isDriftedMode(compared) ? ['livemode'] : []",
    replace: '[]',
    tests: ['test/core/drift.test.ts'],
    titled: 'mode',
  },
]
