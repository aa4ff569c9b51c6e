// How Stripe is called: whose turn it is, and what is told of it.

/** @type {readonly import('../run-controls.mjs').Guard[]} */
export const guards = [
  {
    name: 'budget: lists leave events their quarter while a serve is there',
    file: 'src/sources/stripe/place-order.ts',
    find: '(this.#isKept() ? this.#common : this.#all)',
    replace: '(this.#isKept() ? this.#all : this.#all)',
    tests: ['test/commands/serve/serve-budget.test.ts'],
  },
  {
    name: 'budget: a serve tells others over Redis that it is there',
    file: 'src/sources/stripe/serve-presence.ts',
    find: "await redis.set(keyOf(owner), '1', 'PX', heldMs)",
    replace: "await redis.set(`not:${keyOf(owner)}`, '1', 'PX', heldMs)",
    tests: ['test/commands/serve/serve-budget.test.ts'],
  },
  {
    name: 'budget: reads for events wait for their turn as well',
    file: 'src/commands/opening/open-paced-clients.ts',
    find: 'openStripe({ secretKey, apiBase, httpClient })',
    replace:
      "openStripe({ secretKey, apiBase, httpClient: share === 'events' ? calls.httpClient : httpClient })",
    tests: ['test/commands/serve/serve-budget.test.ts'],
  },
  {
    name: 'metrics: reasons of a 429 that nobody knows share a label',
    file: 'src/sources/stripe/counted-http-client.ts',
    find: "knownLimits.has(limit) ? limit : 'other'",
    replace: 'knownLimits.has(limit) ? limit : limit',
    tests: ['test/sources/stripe/counted-http-client.test.ts'],
  },
  {
    name: 'hint: an event that Stripe could not make is made up for',
    file: 'src/core/stripe-event.ts',
    find: 'parsed.data.type === lostEvent ? lostIn(value) : hintIn(parsed.data)',
    replace: 'hintIn(parsed.data)',
    tests: ['test/pipeline/event-meaning.test.ts'],
  },
  {
    name: 'pace: waiting for a turn uses up no patience with trouble',
    file: 'src/sources/stripe/pace-http-client.ts',
    find: 'deadline += performance.now() - askedAt',
    replace: 'deadline += askedAt - askedAt',
    tests: ['test/sources/stripe/pace-http-client.test.ts'],
  },
  {
    name: 'pace: patience begins with the first answer that tells of trouble',
    file: 'src/sources/stripe/pace-http-client.ts',
    find: 'let deadline = Number.POSITIVE_INFINITY',
    replace: 'let deadline = performance.now() + patienceMs',
    tests: ['test/sources/stripe/pace-http-client.test.ts'],
  },
  {
    name: 'stripe: a command that ends waits for no answer that nobody wants',
    file: 'src/commands/opening/open-stripe-calls.ts',
    find: 'plain.close()',
    replace: '',
    tests: ['test/commands/backfill/backfill-resume.test.ts'],
  },
  {
    name: 'reader: an object is read although the key may not read the rest of its lists',
    file: 'src/sources/stripe/retrievals.ts',
    find: 'object: await permitted(() => completeLists(client, kind, object), object),',
    replace: 'object: await completeLists(client, kind, object),',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
  {
    name: 'reader: a product named as a step of a path is not asked for',
    file: 'src/sources/stripe/object-reader.ts',
    find: "if (pathSteps.has(request.id)) return { result: { kind: 'missing' }, ...unanswered }",
    replace: '',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
  {
    name: 'reader: the items of a subscription are completed',
    file: 'src/sources/stripe/retrievals.ts',
    find: '    items: (',
    replace: '    items_of_none: (',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
  {
    name: 'reader: the payments of an invoice are completed',
    file: 'src/sources/stripe/retrievals.ts',
    find: '    payments: (',
    replace: '    payments_of_none: (',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
  {
    name: "reader: decimals are stored as texts, not as the SDK's objects",
    file: 'src/sources/stripe/retrievals.ts',
    find: 'const value: Json = JSON.parse(JSON.stringify(object))',
    replace: 'const value = object as Json',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
  {
    name: 'reader: an object is of the mode that it says, not of its key',
    file: 'src/sources/stripe/object-reader.ts',
    find: "const livemode = typeof object.livemode === 'boolean' ? object.livemode : seen.livemode",
    replace: 'const { livemode } = seen',
    tests: ['test/sources/stripe/object-reader.test.ts'],
  },
]
