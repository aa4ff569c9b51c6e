// Contacts, conversations, rooms and messages.

const mappings = 'test/pipeline/derive-contacts.test.ts'
const listed = 'test/handlers/listed-invoices.test.ts'

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'contacts: only a contact without a customer is adopted',
    file: 'src/unit-of-work/desk-entities.ts',
    find: 'isAdoptable(contact) ? texts(contact.email).map((email) => email.toLowerCase()) : []',
    replace: 'texts(contact.email).map((email) => email.toLowerCase())',
    tests: ['test/unit-of-work/unit-of-work.test.ts'],
  },
  {
    name: 'contacts: those that can not be adopted are not read',
    file: 'src/store/account-reader.ts',
    find: '...(lookup.adoptable === true ? adoptable : {}),',
    replace: '',
    tests: ['test/store/account-reader.test.ts'],
  },
  {
    name: 'desk: ids that others gave are found, whatever their type',
    file: 'src/store/account-reader.ts',
    find: 'return [id, new UUID(id)]',
    replace: 'return [id]',
    tests: ['test/store/account-reader.test.ts'],
  },
  {
    name: 'message: exactly one per paid invoice',
    file: 'src/handlers/support.ts',
    find: "if ((await work.messages.findBy('dedupe_key', dedupeKey)).length > 0) return",
    replace: "await work.messages.findBy('dedupe_key', dedupeKey)",
    tests: ['test/handlers/support.test.ts'],
  },
  {
    name: 'rooms: the room that was made once goes on being used',
    file: 'src/handlers/support.ts',
    find: 'return ofContact.find(isOurs) ?? null',
    replace: 'return ofContact.find((room) => room._id === "?") ?? null',
    tests: ['test/handlers/shared-desk.test.ts'],
  },
  {
    name: 'effects: none makes nothing that people see',
    file: 'src/handlers/support.ts',
    find: "  work.effects === 'missing' &&\n  work.account.support",
    replace: '  work.account.support',
    tests: ['test/handlers/support.test.ts'],
  },
  {
    name: 'contacts: a former customer that lives again is found by its next event too',
    file: 'src/core/contact.ts',
    find: 'return isOthers\n      ? contact\n      : {',
    replace: 'return isOthers && deleted\n      ? contact\n      : {',
    tests: ['test/core/contact.test.ts'],
  },
  {
    name: 'contacts: a mapping never reaches what identifies a contact',
    file: 'src/core/mapping.ts',
    find: 'return reservedTargets.has(segments[0] ??',
    replace: 'return reservedTargets.has(`${segments[0]}?` ??',
    tests: ['test/core/mapping.test.ts'],
  },
  {
    name: 'contacts: a mapping never reaches a prototype or an operator',
    file: 'src/core/mapping.ts',
    find: "(part) => part.startsWith('$') || part.includes('\\0') || reservedSegments.has(part),",
    replace: "(part) => part === '',",
    tests: ['test/core/mapping.test.ts'],
  },
  {
    name: 'mappings: contacts are due once the config changes them',
    file: 'src/store/accounts.ts',
    find: 'if (isEqual(before, mappings)) return {}',
    replace: 'if (before !== mappings) return {}',
    tests: ['test/store/accounts.test.ts'],
  },
  {
    name: 'mappings: a step says how far it has come',
    file: 'src/pipeline/derive-contacts.ts',
    find: '...due, after: reached',
    replace: '...due, after: reached === "" ? reached : due.after',
    also: [{ find: "customers.length > 0 ? 'more'", replace: "customers.length > 500 ? 'more'" }],
    tests: [mappings],
  },
  {
    name: 'mappings: what only former ones gave goes',
    file: 'src/handlers/contacts.ts',
    find: 'unmapContact(linked, why.mappedBefore ?? [])',
    replace: 'unmapContact(linked, (why.mappedBefore ?? []).slice(0, 0))',
    tests: [mappings],
  },
  {
    name: 'mappings: changed ones begin anew',
    file: 'src/store/accounts.ts',
    find: "contacts_due: { after: '',",
    replace: "contacts_due: { after: due?.after ?? '',",
    tests: ['test/store/accounts.test.ts', mappings],
  },
  {
    name: 'listed invoices: one that a backfill showed paid stands in for its customer',
    file: 'src/core/projection.ts',
    find: 'before.paymentShown || showsPayment(seen)',
    replace: 'before.paymentShown',
    tests: [listed],
  },
  {
    name: 'listed invoices: what a backfill showed paid is owed no message',
    file: 'src/handlers/support.ts',
    find: '  invoice.paymentTold &&\n',
    replace: '',
    tests: [listed],
  },
  {
    name: 'listed invoices: where messages are owed, one that is read again counts as told',
    file: 'src/handlers/invoices.ts',
    find: "work.effects === 'missing' &&",
    replace: "work.effects === 'missing' && seen.revives === false &&",
    tests: [listed],
  },
  {
    name: 'contacts: an address is looked for in a batch as in the database',
    file: 'src/unit-of-work/desk-entities.ts',
    find: 'email.toLowerCase())',
    replace: 'email.trim().toLowerCase())',
    tests: ['test/unit-of-work/desk-entities.test.ts'],
  },
]
