// The negative controls: each takes one guard out by a patch and names the tests that must then fail. A patch is a
// piece of a source file, which must stand there exactly once, and what replaces it.

/**
 * @typedef {object} Guard
 * @property {string} name what the guard keeps
 * @property {string} file
 * @property {string} find
 * @property {string} replace
 * @property {readonly string[]} tests files of which at least one test must fail
 */

const order = 'test/property/order.test.ts'
const writers = 'test/property/concurrent-writers.test.ts'
const inheritance = 'test/finish-inheritance.test.ts'

/** @type {readonly Guard[]} */
export const guards = [
  {
    name: 'order: an older observation never replaces a newer one',
    file: 'src/core/content-register.ts',
    find: 'if (seen.moment > register.moment) return supersede',
    replace: 'if (seen.moment !== register.moment) return supersede',
    tests: [order],
  },
  {
    name: 'tie: the winner of a second does not depend on arrival',
    file: 'src/core/tie.ts',
    find: 'return atEnd.reduce((last, entry) => (isAfter(entry, last) ? entry : last))',
    replace: 'return entries.at(-1) ?? atEnd.reduce((last, entry) => (isAfter(entry, last) ? entry : last))',
    tests: [order],
  },
  {
    name: 'tie: the chain of previous_attributes decides before rank and id',
    file: 'src/core/tie.ts',
    find: 'const end = endOfChain(entries, anchor) ?? endOfChain(candidates, anchor)',
    replace: 'const end = anchor === "" ? endOfChain(entries, anchor) : null',
    tests: [order],
  },
  {
    name: 'tie: a chain that returns ends in the state before its second',
    file: 'src/core/tie.ts',
    find: 'if (uneven.length === 0) return anchor !== null && states.has(anchor) ? anchor : null',
    replace: 'if (uneven.length === 0) return states.has(`${anchor}?`) ? anchor : null',
    tests: [order],
  },
  {
    name: 'tombstone: only a later creation revives a deleted object',
    file: 'src/core/projection.ts',
    find: 'deletedAt: seen.deletes ? latest(before.deletedAt, seen.moment) : before.deletedAt,',
    replace: 'deletedAt: seen.deletes ? latest(before.deletedAt, seen.moment) : null,',
    tests: [order],
  },
  {
    name: 'seq: a commit is refused once another writer has committed',
    file: 'src/store/commit-batch.ts',
    find: 'updateOne({ _id: account, seq }, { $inc: { seq: 1 } }, { session })',
    replace: 'updateOne({ _id: account, ...(seq < 0 ? { seq } : {}) }, { $inc: { seq: 1 } }, { session })',
    tests: [writers],
  },
  {
    name: 'overlay: finders see what the batch itself has put',
    file: 'src/unit-of-work/overlay.ts',
    find: '    slot.now = entity\n    this.#addToIndex(id, entity)',
    replace: '    slot.now = entity',
    tests: [order],
  },
  {
    name: 'attempt: a unit of work is thrown away with its attempt',
    file: 'src/pipeline.ts',
    find: 'const work = new UnitOfWork(',
    replace:
      'const kept = globalThis as unknown as { work?: Map<string, UnitOfWork> }\n  kept.work ??= new Map()\n' +
      '  const key = `${account}:${entries.map(({ event }) => event.id).join()}`\n' +
      '  const work = kept.work.get(key) ?? new UnitOfWork(',
    also: [
      {
        find: 'const meanings = entries.map(',
        replace: 'kept.work.set(key, work)\n  const meanings = entries.map(',
      },
    ],
    tests: [writers],
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
    find: 'const filter = { stripe_user_id: this.#account, [lookup.field]: { $in: wanted } }',
    replace:
      'const filter = { stripe_user_id: { $gte: "", $ne: `${this.#account}?` }, [lookup.field]: { $in: wanted } }',
    tests: [writers],
  },
  {
    name: 'relatives: whichever end arrives last settles both',
    file: 'src/handlers/relatives.ts',
    find: '...naming.map((invoice) => invoice.id)]',
    replace: '...naming.slice(naming.length).map((invoice) => invoice.id)]',
    tests: [order],
  },
  {
    name: 'inheritance: what one commit leaves to be done is named with it',
    file: 'src/unfinished.ts',
    find: 'if (deferred.size === 0) return []',
    replace: 'if (deferred.size >= 0) return []',
    tests: [inheritance],
  },
  {
    name: 'inheritance: metadata that changes again meanwhile begins anew',
    file: 'src/unfinished.ts',
    find: 'named.subscription === subscription && named.since === since',
    replace: 'named.subscription === subscription && named.since !== -since',
    tests: [inheritance],
  },
  {
    name: 'inheritance: a row is settled after everything that it led to',
    file: 'src/pipeline.ts',
    find: 'return work.awaiting > awaiting ? { ...said, defers: true } : said',
    replace: 'return work.awaiting < awaiting ? { ...said, defers: true } : said',
    tests: [inheritance],
  },
  {
    name: 'inheritance: a position moves after everything that its page led to',
    file: 'src/observe-batch.ts',
    find: 'const moved = defers ? [] : positions',
    replace: 'const moved = positions',
    tests: [inheritance],
  },
  {
    name: 'message: exactly one per paid invoice',
    file: 'src/handlers/support.ts',
    find: 'if ((await work.messages.get(id)) !== null) return',
    replace: 'await work.messages.get(id)',
    tests: [order],
  },
  {
    name: 'windows: two that touch share no second',
    file: 'src/sources/backfill/windows.ts',
    find: '    { ...rest, to: middle, last: null,',
    replace: '    { ...rest, to: middle + 1, last: null,',
    tests: ['test/sources/backfill/windows.test.ts'],
  },
  {
    name: 'windows: the head begins with the second in which its page was asked for',
    file: 'src/sources/backfill/windows.ts',
    find: 'const from = Math.max(sentSecond, window.from ?? sentSecond)',
    replace: 'const from = Math.max(sentSecond, window.from ?? sentSecond) + 1',
    tests: ['test/sources/backfill/windows.test.ts'],
  },
  {
    name: 'pace: Stripe-Should-Retry is believed before the status',
    file: 'src/sources/stripe/pace-verdict.ts',
    find: "told === 'true' || (told !== 'false' && isPassing)",
    replace: "(told === 'true' && told.length > 9) || isPassing",
    tests: ['test/sources/stripe/pace-verdict.test.ts'],
  },
  {
    name: 'storable: a key _bsontype is data',
    file: 'src/store/storable.ts',
    find: "Object.hasOwn(object, '_bsontype') ? new Map(entries) : Object.fromEntries(entries)",
    replace: "Object.hasOwn(object, '_bsontype?') ? new Map(entries) : Object.fromEntries(entries)",
    tests: ['test/store/storable.test.ts'],
  },
  {
    name: 'savepoint: a failing event takes back only its own changes',
    file: 'src/pipeline.ts',
    find: '    work.rollback(savepoint)\n',
    replace: '',
    tests: ['test/pipeline.test.ts'],
  },
  {
    name: 'secrets: a sealed text opens in its own place only',
    file: 'src/store/sealed-text.ts',
    find: '  decipher.setAAD(Buffer.from(place))',
    replace: '  decipher.setAAD(Buffer.from(`${place}`.slice(place.length)))',
    also: [
      {
        find: '  cipher.setAAD(Buffer.from(place))',
        replace: '  cipher.setAAD(Buffer.from(place.slice(place.length)))',
      },
    ],
    tests: ['test/store/sealed-text.test.ts'],
  },
  {
    name: 'secrets: an access token is never stored as it is',
    file: 'src/store/account-secrets.ts',
    find: "if (key === undefined) throw unopened(account, 'access token', key)",
    replace: 'if (key === undefined) return token',
    tests: ['test/store/account-secrets.test.ts'],
  },
  {
    name: 'secrets: one that the key does not open is an error',
    file: 'src/store/account-secrets.ts',
    find: 'if (opened === null) throw unopened(account, noun, key)\n  return opened',
    replace: 'return opened ?? stored',
    tests: ['test/store/account-secrets.test.ts'],
  },
  {
    name: 'secrets: a dry run shows none',
    file: 'src/core/document-change.ts',
    find: ", 'access_token', 'webhook_secrets']",
    replace: ']',
    tests: ['test/core/document-change.test.ts'],
  },
  {
    name: 'access token: events wait while it can not be opened',
    file: 'src/sources/stripe/object-reader.ts',
    find: "    if (!(error instanceof BillingSyncError)) throw error\n    return { kind: 'waiting', failure: failureOf(error) }",
    replace: '    throw failureOf(error)',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
  {
    name: 'links: an operator in the place of an id is refused',
    file: 'src/event-meaning.ts',
    find: 'if (broken !== null)',
    replace: "if (broken === '')",
    tests: ['test/pipeline.test.ts'],
  },
  {
    name: 'files: an entry of over 15 MiB is let go of while it is read',
    file: 'src/sources/files/byte-window.ts',
    find: 'if (this.#held.length > largestEntryBytes) this.#overflow()',
    replace: '',
    tests: ['test/sources/files/byte-window.test.ts', 'test/sources/files/split-json.test.ts'],
  },
  {
    name: 'files: a damaged entry takes no other of its array with it',
    file: 'src/sources/files/split-json.ts',
    find: 'if (byte === comma || byte === newline) this.#endScalar(offset)',
    replace: 'if (byte === comma && this.#depth > 9) this.#endScalar(offset)',
    tests: ['test/sources/files/split-json.test.ts'],
  },
  {
    name: 'files: what came before the end of a broken input is read',
    file: 'src/sources/files/read-entries.ts',
    find: '(error: unknown) => ({ next: () => Promise.reject(error) })',
    replace: '(error: unknown) => Promise.reject(error)',
    tests: ['test/sources/files/read-entries.test.ts'],
  },
  {
    name: 'drift: what is read is compared however much newer the stored document is',
    file: 'src/core/drift.ts',
    find: '  moment: afterAll,',
    replace: '  moment: Math.min(seen.moment, afterAll),',
    tests: ['test/compare-batch.test.ts'],
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
    file: 'src/compare-batch.ts',
    find: '  work.rollback(savepoint)\n',
    replace: '',
    tests: ['test/compare-batch.test.ts'],
  },
  {
    name: 'drift: escapes that storing makes are no difference',
    file: 'src/compare-batch.ts',
    find: '{ ...seen, content: asStored(seen.content) }',
    replace: '{ ...seen, content: { ...seen.content } }',
    tests: ['test/compare-batch.test.ts'],
  },
  {
    name: 'event list: oldest first, whatever the pages',
    file: 'src/sources/stripe/event-list.ts',
    find: 'return [...events.values()].reverse()',
    replace: 'return [...events.values()]',
    tests: ['test/sources/stripe/event-list.test.ts'],
  },
  {
    name: 'event list: what is held at once is bounded',
    file: 'src/sources/stripe/event-list.ts',
    find: 'if (mayCut && isTooLong) return null',
    replace: 'if (mayCut && isTooLong && events.size < 0) return null',
    tests: ['test/sources/stripe/event-list.test.ts'],
  },
  {
    name: 'from stripe: another rendering of a known event is no conflict',
    file: 'src/commands/open-store.ts',
    find: '(isListed === true ? lookUpListedEvents : lookUpEvents)',
    replace: '(isListed === undefined ? lookUpListedEvents : lookUpEvents)',
    tests: ['test/commands/replay-from-stripe.test.ts'],
  },
  {
    name: 'from stripe: a disconnected account gets no calls',
    file: 'src/commands/replay-from-stripe.ts',
    find: '.filter((account) => !cut.has(account))',
    replace: '',
    tests: ['test/commands/replay-from-stripe.test.ts'],
  },
]
