// What one commit holds together, and what it refuses.

const writers = 'test/property/concurrent-writers.test.ts'

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'seq: a commit is refused once another writer has committed',
    file: 'src/store/commit-batch.ts',
    find: 'updateOne({ _id: account, seq }, { $inc: { seq: 1 } }, { session })',
    replace: 'updateOne({ _id: account, ...(seq < 0 ? { seq } : {}) }, { $inc: { seq: 1 } }, { session })',
    tests: [writers],
  },
  {
    name: 'attempt: a unit of work is thrown away with its attempt',
    file: 'src/pipeline/pipeline.ts',
    find: 'const work = new UnitOfWork(',
    replace:
      'const kept = globalThis as unknown as { work?: Map<string, UnitOfWork> }\n  kept.work ??= new Map()\n' +
      '  const key = `${account}:${entries.map(({ event }) => event.id).join()}`\n' +
      '  const work = kept.work.get(key) ?? new UnitOfWork(',
    also: [
      {
        find: 'const informed = entries.map(',
        replace: 'kept.work.set(key, work)\n  const informed = entries.map(',
      },
    ],
    tests: ['test/pipeline/pipeline-commit.test.ts'],
  },
  {
    name: 'settle: a row that somebody else settled meanwhile refuses the batch',
    file: 'src/store/commit-batch.ts',
    find: 'const filter = { _id: { $in: group.map(({ rowId }) => rowId) }, ...expected }',
    replace:
      'const filter = { _id: { $in: group.map(({ rowId }) => rowId) }, ...(expected.attempts < 0 ? expected : {}) }',
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'tenants: a look-up answers documents of its own account only',
    file: 'src/store/account-reader.ts',
    find: '      stripe_user_id: this.#account,\n',
    replace: '',
    tests: ['test/store/account-reader.test.ts', writers],
  },
  {
    name: 'savepoint: a failing event takes back only its own changes',
    file: 'src/pipeline/pipeline.ts',
    find: '    work.rollback(savepoint)\n',
    replace: '',
    tests: ['test/pipeline/pipeline.test.ts'],
  },
  {
    name: 'refused batch: the others of it do not pay for it one by one',
    file: 'src/pipeline/handle-deliveries.ts',
    find: 'const middle = Math.ceil(deliveries.length / 2)',
    replace: 'const middle = 1',
    tests: ['test/pipeline/handle-deliveries.test.ts'],
  },
  {
    name: 'heavy batch: it goes through in parts',
    file: 'src/pipeline/handle-deliveries.ts',
    find: 'isDivisible: deliveries.length > 1',
    replace: 'isDivisible: deliveries.length < 1',
    tests: ['test/pipeline/handle-deliveries.test.ts'],
  },
  {
    name: 'heavy event: it fails by itself and does not wait for ever',
    file: 'src/pipeline/patience.ts',
    find: 'mayGoInParts(error) && crowded < mostCrowded',
    replace: 'mayGoInParts(error) && crowded < 99',
    tests: ['test/pipeline/handle-deliveries.test.ts'],
  },
  {
    name: "heavy commit: a lost account is no commit's weight",
    file: 'src/store/commit-batch.ts',
    find: "verdict === 'crowded' && holdsAccount",
    replace: "verdict === 'crowded'",
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'storable: a key of ours in a payload is kept at every commit',
    file: 'src/core/projection-document.ts',
    find: '].filter((key) => Object.hasOwn(content, key))',
    replace: "].filter((key) => key !== '_id' && Object.hasOwn(content, key))",
    tests: ['test/core/projection-document.test.ts'],
  },
  {
    name: 'storable: a key _bsontype is data',
    file: 'src/store/storable.ts',
    find: "Object.hasOwn(object, '_bsontype') ? new Map(entries) : Object.fromEntries(entries)",
    replace: "Object.hasOwn(object, '_bsontype?') ? new Map(entries) : Object.fromEntries(entries)",
    tests: ['test/store/storable.test.ts'],
  },
  {
    name: 'storable: every commit passes the boundary',
    file: 'src/store/commit-batch.ts',
    find: 'const document = toStorable(write.document) as Document',
    replace: 'const document = write.document as Document',
    tests: ['test/store/storable.test.ts'],
  },
  {
    name: 'storable: what an update sets passes the boundary too',
    file: 'src/store/commit-batch.ts',
    find: '{ $set: toStorable(set) }',
    replace: '{ $set: set }',
    tests: ['test/store/storable.test.ts'],
  },
  {
    name: 'expiry: a row that waits does not expire, though it was ignored once',
    file: 'src/store/commit-batch.ts',
    find: "...(expires(next) ? {} : { $unset: { expires_at: '' as const } })",
    replace: "...(expires(next) ? {} : { $unset: { expires_at_: '' as const } })",
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'taken key: E11000 never counts as a commit that took place',
    file: 'src/store/commit-batch.ts',
    find: "if (verdict === 'taken') throw",
    replace: "if (verdict === 'taken') return true as never\n  if (verdict === 'taken') throw",
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'notices: a risen as-of alone gives none',
    file: 'src/unit-of-work/change-set.ts',
    find: 'notice: isVisiblyChanged(before, now) ? projectionNotice(kind, before, now) : null,',
    replace: 'notice: projectionNotice(kind, before, now),',
    tests: ['test/unit-of-work/change-set.test.ts'],
  },
  {
    name: 'durability: every write asks for a majority and its journal',
    file: 'src/store/database.ts',
    find: "w: 'majority',\n  journal: true,",
    replace: 'w: 1,\n  journal: false,',
    tests: ['test/store/database.test.ts'],
  },
  {
    name: 'reads: the connection string sends none to a secondary',
    file: 'src/store/database.ts',
    find: "  readPreference: 'primary',\n",
    replace: '',
    tests: ['test/store/database.test.ts'],
  },
  {
    name: 'transaction: documents are written in it',
    file: 'src/store/commit-batch.ts',
    find: '.bulkWrite(writes.map(operationOf), { session, ordered: false })',
    replace: '.bulkWrite(writes.map(operationOf), { ordered: session.hasEnded })',
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'transaction: rows are settled in it',
    file: 'src/store/commit-batch.ts',
    find: 'rows.bulkWrite(operations, { session, ordered: false })',
    replace: 'rows.bulkWrite(operations, { ordered: session.hasEnded })',
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'transaction: notices are written in it',
    file: 'src/store/outbox-rows.ts',
    find: 'insertMany(jobs, { session })',
    replace: 'insertMany(jobs, { ordered: session.hasEnded })',
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'transaction: what receivers are owed is written in it',
    file: 'src/store/outbox-rows.ts',
    find: 'bulkWrite(rows, { session })',
    replace: 'bulkWrite(rows, { ordered: session.hasEnded })',
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'transaction: one that the server no longer knows is run again',
    file: 'src/store/mongo-errors.ts',
    find: "if (error.hasErrorLabel('TransientTransactionError') && !(error instanceof MongoNetworkError))",
    replace: "if (error.hasErrorLabel('TransientTransactionError') && error.code !== 251)",
    tests: ['test/store/commit-batch.test.ts'],
    titled: 'the server no longer knows',
  },
  {
    name: 'transaction: a commit whose end is unknown is asked about',
    file: 'src/store/commit-batch.ts',
    find: 'if (!isCommitUnknown(error) || attempt === commitAttempts) throw error',
    replace: 'if (!isCommitUnknown(error) || attempt > 0) throw error',
    tests: ['test/store/commit-batch.test.ts'],
  },
  {
    name: 'dry run: nothing is written',
    file: 'src/commands/open-handling.ts',
    find: '(dryRun === true ? openDryRun : openWriting)',
    replace: '(dryRun === undefined ? openDryRun : openWriting)',
    tests: ['test/commands/backfill.test.ts'],
    titled: 'writes nothing and lists what would change',
  },
]
