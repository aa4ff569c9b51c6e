// Accounts: their modes, listing, secrets and connection.

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'accounts: events of one that is not listed wait where the config says so',
    file: 'src/pipeline/pipeline.ts',
    find: "outcomes.push(opened.parked ? outcome('parked') : await",
    replace: "outcomes.push(opened.parked && effects === 'none' ? outcome('parked') : await",
    tests: ['test/pipeline/pipeline.test.ts'],
  },
  {
    name: 'mode: events of the other one are ignored',
    file: 'src/pipeline/event-meaning.ts',
    find: 'event.livemode !== livemode) return ignored',
    replace: 'event.livemode === undefined) return ignored',
    tests: ['test/pipeline/pipeline.test.ts'],
  },
  {
    name: 'listing: secrets that are the same stay sealed as they are',
    file: 'src/store/account-secrets.ts',
    find: 'isSealed(stored) && openText(stored, key, place) === text',
    replace: "isSealed(stored) && text === ''",
    tests: ['test/store/accounts.test.ts'],
  },
  {
    name: 'listing: a start that changes nothing writes nothing',
    file: 'src/store/accounts.ts',
    find: 'if (changed.length === 0) return true',
    replace: '',
    tests: ['test/store/accounts.test.ts'],
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
    find: "    'access_token',\n    'webhook_secrets',\n",
    replace: '',
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
    name: 'connection: an older cut-off is remembered after the return',
    file: 'src/handlers/accounts.ts',
    find: "state === 'disconnected' ? laterOf(",
    replace: "state === 'disconnected' && connection !== known.connection ? laterOf(",
    tests: ['test/handlers/accounts.test.ts'],
  },
  {
    name: 'tenants: Stripe is asked as the account that it is about',
    file: 'src/sources/stripe/account-client.ts',
    find: 'options: account === null ? {} : { stripeAccount: account },',
    replace: 'options: {},',
    tests: ['test/sources/stripe/account-client.test.ts'],
  },
  {
    name: 'connection: an account that returns is caught up with',
    file: 'src/commands/catch-up.ts',
    find: 'left === null ? null : [...left, ...(await takeReturned())]',
    replace: 'left',
    tests: ['test/commands/catch-up.test.ts'],
  },
  {
    name: 'stripe: an answer that is no hash ends nothing but its request',
    file: 'src/sources/stripe/hash-http-client.ts',
    find: 'if (isJsonObject(body)) return body',
    replace: 'if (body !== undefined) return body',
    tests: ['test/sources/stripe/hash-http-client.test.ts'],
    // Of a text nobody would ever hear.
    titled: 'request alone: null',
  },
]
