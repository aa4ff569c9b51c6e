// What receivers are promised: each notice of a commit, in order, at least once, and of their own account only.

const conformance = 'test/sinks/conformance.test.ts'
const sockets = 'test/sinks/socket/support-server.test.ts'

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'sinks: a row is marked only once its receiver has confirmed it',
    file: 'src/sinks/sink-lanes.ts',
    find: 'const sent = await this.#sendBatch(claim)',
    replace: 'await store.settle(lane, claim.rows)\n      const sent = await this.#sendBatch(claim)',
    tests: [conformance],
    titled: "BullMQ's queue gets what an outage held up",
  },
  {
    name: 'sinks: a lane goes in the order of its commits',
    file: 'src/store/outbox.ts',
    find: '.sort({ seq: 1 })',
    replace: '.sort({ seq: -1 })',
    tests: ['test/store/outbox.test.ts'],
  },
  {
    name: 'sinks: a lane is of one process until its lease ends',
    file: 'src/store/outbox.ts',
    find: "$expr: { $lte: ['$next_attempt_at', '$$NOW'] }",
    replace: "$expr: { $lte: ['$queued_at', '$$NOW'] }",
    tests: ['test/store/outbox.test.ts'],
  },
  {
    name: 'sinks: who has lost a lane leaves it to who has it',
    file: 'src/store/outbox.ts',
    find: "const filter = { _id: first.id, status: 'pending', next_attempt_at: lease } as const",
    replace: "const filter = { _id: first.id, status: 'pending' } as const",
    tests: ['test/store/outbox.test.ts'],
  },
  {
    name: 'sinks: an outage uses up no try',
    file: 'src/sinks/sink-lanes.ts',
    find: "isRefusal(error) ? ('refused' as const) : ('unsent' as const)",
    replace: "'refused' as const",
    tests: [conformance],
    titled: "BullMQ's queue gets what an outage held up",
  },
  {
    name: 'sinks: a Redis without memory is away and refuses nothing',
    file: 'src/sinks/redis-failure.ts',
    find: 'inScript.exec(message)?.[1] ?? ',
    replace: '',
    tests: ['test/fault/full-redis.test.ts'],
  },
  {
    name: 'log: what a receiver confirmed, and what it did not, is told with its account',
    file: 'src/commands/serve/serve-log.ts',
    find: "...logDeliveries(log, 'info'),",
    replace: "onDeliveryFailed: logDeliveries(log, 'info').onDeliveryFailed,",
    tests: ['test/fault/full-redis.test.ts'],
    titled: 'a Redis without memory',
  },
  {
    name: 'sinks: one that is away delays no other',
    file: 'src/commands/opening/open-sinks.ts',
    find: 'new SinkLanes({ sink, store,',
    replace:
      'new SinkLanes({ sink: { ...sink, send: async (rows) => {\n' +
      "      if (sink.name === 'socket' && lanes.some(({ name, isUnavailable }) => name === 'queue' && isUnavailable))\n" +
      "        throw new TypeError('another is away')\n" +
      '      await sink.send(rows)\n    } }, store,',
    tests: ['test/fault/full-redis.test.ts'],
    titled: 'a queue that is away',
  },
  {
    name: 'sinks: what a receiver refuses is tried again',
    file: 'src/sinks/sink-lanes.ts',
    find: 'if (attempts < mostAttempts) {',
    replace: 'if (attempts > mostAttempts) {',
    tests: [conformance],
    titled: "BullMQ's queue gets what it refused",
  },
  {
    name: 'sinks: a notice that is sent again is the same job',
    file: 'src/sinks/queue-sink.ts',
    find: 'opts: { jobId: `${database}-${notice.id}-${notice.at.getTime()}`, ',
    replace: 'opts: { ',
    tests: [conformance],
    titled: "BullMQ's queue gets again what was sent and not marked",
  },
  {
    name: 'sockets: a client is in the room of its own account',
    file: 'src/sinks/socket/support-server.ts',
    find: 'const room = roomOf(socket.data.account)',
    replace:
      "const room = roomOf(`${socket.data.account.slice(0, 0)}${socket.nsp.name === '' ? '' : 'acct_1'}`)",
    tests: [sockets],
  },
  {
    name: 'sockets: a place that no client can have seen is not believed',
    file: 'src/sinks/socket/catch-up.ts',
    find: 'if (named !== null && named.seq <= (await history.lastCommit(data.account))) return named',
    replace: 'if (named !== null) return named',
    tests: [sockets],
    titled: 'a place that no client can have seen',
  },
  {
    name: 'sockets: what no adapter brought, and was told late, is told of',
    file: 'src/sinks/socket/told-ledger.ts',
    find: '    this.#options.onToldLate(account)\n',
    replace: '',
    tests: [sockets],
    titled: 'of a time to come',
  },
  {
    name: 'sinks: notices of two databases are jobs of their own',
    file: 'src/sinks/queue-sink.ts',
    find: 'jobId: `${database}-${notice.id}-${notice.at.getTime()}`',
    replace: 'jobId: notice.id.slice(0, database.length * 9)',
    tests: ['test/sinks/several-databases.test.ts'],
  },
  {
    name: 'sinks: notices of a restored database are no jobs of before',
    file: 'src/sinks/queue-sink.ts',
    find: '-${notice.at.getTime()}`',
    replace: '`',
    tests: ['test/sinks/restored-database.test.ts'],
  },
  {
    name: 'sockets: clients hear of their own database alone',
    file: 'src/sinks/socket/packet-channel.ts',
    find: '`billing-sync:support:${database}`',
    replace: '`billing-sync:support:${database.slice(0, 0)}`',
    tests: ['test/sinks/several-databases.test.ts'],
  },
  {
    name: 'sinks: a command without the settings of serve takes nothing from Redis',
    file: 'src/commands/opening/open-sinks.ts',
    find: '    if (httpServer === null) return null\n',
    replace: '',
    tests: ['test/sinks/jobs-sink.test.ts'],
  },
  {
    name: 'sinks: what was owed to a Redis that is gone goes where new notices go',
    file: 'src/commands/opening/open-sinks.ts',
    find: 'if (httpServer === null) return null\n',
    replace: 'if (httpServer !== undefined) return null\n',
    tests: ['test/sinks/jobs-sink.test.ts'],
    titled: 'what was owed to Redis',
  },
  {
    name: 'sockets: the adapter of MongoDB can watch its collection',
    file: 'src/store/socket-packets.ts',
    find: ", { readConcern: { level: 'majority' } }",
    replace: '',
    tests: [sockets],
    titled: 'the adapter tells by itself',
  },
  {
    name: 'sockets: nobody gets in without a token',
    file: 'src/sinks/socket/support-server.ts',
    find: "next(error instanceof BillingSyncError ? withCode(error) : refusal('the token does not verify'))",
    replace: "next(error === undefined ? refusal('the token does not verify') : undefined)",
    tests: [sockets],
  },
  {
    name: 'sockets: a token of another algorithm is not believed',
    file: 'src/sinks/socket/support-token.ts',
    find: "algorithms: ['HS256'],",
    replace: "algorithms: ['HS256', 'HS384', 'HS512'],",
    tests: ['test/sinks/socket/support-token.test.ts'],
  },
  {
    name: 'sockets: a client is cut off when its token expires',
    file: 'src/sinks/socket/support-server.ts',
    find: 'if (leftMs <= 0) socket.conn.close(true)',
    replace: 'if (leftMs <= 0) clearTimeout(timer)',
    tests: [sockets],
    titled: 'is cut off when its token expires',
  },
  {
    name: 'sockets: what waits for a client does not outlast its token',
    file: 'src/sinks/socket/support-server.ts',
    find: 'if (leftMs <= 0) socket.conn.close(true)',
    replace: 'if (leftMs <= 0) socket.conn.close()',
    tests: ['test/sinks/socket/told-ledger.test.ts'],
    titled: 'outlasts its token',
  },
  {
    name: 'memory: a Support client that does not read is cut off',
    file: 'src/sinks/socket/told-ledger.ts',
    find: 'if (waitingPackets(conn) > mostWaitingPackets) conn.close(true)',
    replace: 'if (waitingPackets(conn) > mostWaitingPackets) conn.close()',
    tests: ['test/sinks/socket/told-ledger.test.ts'],
  },
  {
    name: 'memory: a receiver that does not answer holds few accounts',
    file: 'src/sinks/sink-lanes.ts',
    find: 'this.#running.size >= most ||',
    replace: 'this.#running.size < 0 ||',
    tests: ['test/sinks/sink-lanes.test.ts'],
  },
  {
    name: 'memory: a claim is bounded in rows',
    file: 'src/store/outbox.ts',
    find: '      .limit(rowsPerClaim)\n',
    replace: '',
    tests: ['test/store/outbox.test.ts'],
  },
  {
    name: 'support: a client says no more than 16 KiB at once',
    file: 'src/sinks/socket/support-server.ts',
    find: '    maxHttpBufferSize: largestMessage,\n',
    replace: '',
    tests: ['test/sinks/socket/support-server.test.ts'],
    titled: '16 KiB',
  },
  {
    name: 'end: a look for accounts that is under way is waited for',
    file: 'src/sinks/sink-lanes.ts',
    find: 'Promise.all([looked, ...this.#running.values()])',
    replace: 'Promise.all([...this.#running.values()])',
    also: [
      { find: '    const looked = inTime(this.#sweeping, lookPatienceMs, null)\n', replace: '' },
      { find: '    this.#isClosed = true\n', replace: '' },
    ],
    tests: ['test/sinks/sink-lanes.test.ts'],
    titled: 'is waited for at the end',
  },
  {
    name: 'end: what outlasts it is no failure of a receiver',
    file: 'src/sinks/sink-lanes.ts',
    find: '    if (this.#isClosed) return\n',
    replace: '',
    tests: ['test/sinks/sink-lanes.test.ts'],
    titled: 'outlasts the end',
  },
  {
    name: 'sinks: what the database does not take is no outage of a receiver',
    file: 'src/sinks/sink-lanes.ts',
    find: '    await store.settle(lane, sent)\n',
    replace: `    try {
      await store.settle(lane, sent)
    } catch (error) {
      this.#closeGate()
      throw error
    }
`,
    tests: ['test/sinks/sink-lanes.test.ts'],
    titled: 'is no outage of the receiver',
  },
  {
    name: 'sinks: a receiver that refuses something answers',
    file: 'src/sinks/sink-lanes.ts',
    find: '    this.#outages = 0\n    if (sent',
    replace: "    if (sent !== 'refused') this.#outages = 0\n    if (sent",
    tests: ['test/sinks/sink-lanes.test.ts'],
    titled: 'that refuses what it gets',
  },
  {
    name: 'sinks: a receiver that another process has reached is there again',
    file: 'src/sinks/sink-lanes.ts',
    find: '    if (accounts?.length === 0 && this.#running.size === 0) this.#outages = 0\n',
    replace: '',
    tests: ['test/sinks/sink-lanes.test.ts'],
    titled: 'that another process has reached',
  },
  {
    name: 'sockets: a client that catches up is listened to once, however many pages that takes',
    file: 'src/sinks/socket/catch-up.ts',
    find: `  if (waitingPackets(conn) === 0 || conn.readyState !== 'open') return
  const ended = new AbortController()
  const end = (): void => ended.abort()
  conn.once('close', end)
`,
    replace: `  const ended = new AbortController()
  const end = (): void => ended.abort()
  conn.once('close', end)
  if (waitingPackets(conn) === 0 || conn.readyState !== 'open') return
`,
    tests: ['test/sinks/socket/support-server.test.ts'],
    titled: 'is listened to once',
  },
  {
    name: 'sinks: rows that were just settled do not hide those after them',
    file: 'src/store/outbox.ts',
    find: 'if (settled === null) return null',
    replace: 'if (settled === null || settled > 0) return null',
    tests: ['test/store/outbox.test.ts'],
    titled: 'as soon as the rows before are settled',
  },
  {
    name: 'sockets: a subscription that Redis refuses does not end the process',
    file: 'src/sinks/socket/adapters.ts',
    find: '  redis.duplicate = (options) => subscribingAgain(duplicate(options))\n',
    replace: '  redis.duplicate = (options) => duplicate(options)\n',
    tests: ['test/commands/serve/serve-passwords.test.ts'],
    titled: 'at the first connection',
  },
  {
    name: 'sockets: what one client was told alone does not count as told to all',
    file: 'src/sinks/socket/told-ledger.ts',
    find: '    let isReady = false\n',
    replace: '    let isReady = true\n',
    tests: ['test/sinks/socket/newcomer.test.ts'],
  },
  {
    name: 'sockets: a subscription that Redis refused is made once it takes the connection',
    file: 'src/sinks/socket/adapters.ts',
    find: ".catch(() => redis.once('ready', () => untilTaken(...channels)))",
    replace: '.catch(() => undefined)',
    tests: ['test/commands/serve/serve-passwords.test.ts'],
    titled: 'at the first connection',
  },
]
