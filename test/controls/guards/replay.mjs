// Events out of files, out of Stripe's list, and missed ones.

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
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
    titled: 'takes the stored rendering',
  },
  {
    name: 'from stripe: a disconnected account gets no calls',
    file: 'src/commands/replay-from-stripe.ts',
    find: '.filter((account) => !cut.has(account))',
    replace: '',
    tests: ['test/commands/replay-from-stripe.test.ts'],
    titled: 'is noted and told, and the others go on',
  },
  {
    name: 'catch-up: an event that was missed before one that came is found',
    file: 'src/store/catch-ups.ts',
    find: 'return new Set(eventIds.filter((id) => !known.has(documentId(account, id))))',
    replace: 'return new Set(known.size > 0 ? [] : eventIds)',
    tests: ['test/commands/catch-up.test.ts'],
    titled: 'finds events that were missed',
  },
  {
    name: 'catch-up: it is complete only once everything missing is stored',
    file: 'src/commands/catch-up.ts',
    find: '    const found = await acceptMissed({',
    replace:
      '    await completeCatchUp(db, account, { startedAt, gap })\n    const found = await acceptMissed({',
    tests: ['test/commands/catch-up.test.ts'],
    titled: 'that is killed in the middle starts again',
  },
  {
    name: 'files: hidden ones of a directory are left out',
    file: 'src/sources/files/find-inputs.ts',
    find: "entries.filter(({ name }) => !name.startsWith('.'))",
    replace: 'entries',
    tests: ['test/sources/files/find-inputs.test.ts'],
  },
  {
    name: 'settings: a publishable key is refused before anything is asked',
    file: 'src/config/settings.ts',
    find: '(?!pk_|whsec_)',
    replace: '',
    tests: ['test/cli.test.ts'],
  },
  {
    name: 'replay: heavy events go in batches of their own',
    file: 'src/sources/account-lanes.ts',
    find: 'const isOfSort = isHeavy(item.size) === isHeavy(first.size)',
    replace: 'const isOfSort = true || isHeavy(first.size)',
    tests: ['test/sources/account-lanes.test.ts'],
  },
]
