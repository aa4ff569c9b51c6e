// Every error that billing-sync throws on purpose comes from the table below: a stable code, a sentence
// for the person who gets it, whether trying again can help, and the exit code where one ends a command. What
// should be impossible, a fault of the program itself, is a TypeError or a RangeError.
// README.md lists the same codes; test/errors.test.ts keeps the two equal.

/** What an error's template may name. Values are shown to people: never put a secret or a payload in here. */
export type ErrorDetails = Readonly<Record<string, string | number>>

interface ErrorKind {
  /** Sentence case, no full stop: what was expected, what came, what to do. `{name}` is filled from the details. */
  readonly message: string
  /** True where the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean
  /** Exit code of a command that this error ends (contract: 2 is bad usage or configuration, 1 anything else). */
  readonly exitCode: 1 | 2
}

const fatal = (message: string): ErrorKind => ({ message, retryable: false, exitCode: 1 })
const passing = (message: string): ErrorKind => ({ message, retryable: true, exitCode: 1 })
const usage = (message: string): ErrorKind => ({ message, retryable: false, exitCode: 2 })

/** The table of error codes. */
export const errorKinds = {
  usage_invalid: usage('{problem}'),
  config_invalid: usage('{source}: {problem}'),
  event_invalid: fatal('Not a Stripe event: {problem}'),
  event_conflict: fatal(
    'An event with this id is stored already and differs from this one; the stored one is kept, compare the two',
  ),
  object_invalid: fatal('The event {type} should carry its {kind} {expected}, and does not'),
  payload_unstorable: fatal('MongoDB cannot hold this payload: {problem}'),
  document_conflict: fatal(
    'A document that somebody else made has the key of one that billing-sync has to make; remove or merge it, then replay the event',
  ),
  document_refused: fatal(
    'The validator of {collection}, which others have set, refuses a document that billing-sync has to write; see what it asks for (db.getCollectionInfos), loosen it, then replay the event',
  ),
  duplicate_documents: fatal(
    '{collection} holds several documents with {key}, of which there may be one; merge them, or remove all but one, then run the command again',
  ),
  index_conflict: fatal(
    'The index {name} of {collection}, which others have made, stands in the way of one that billing-sync needs; drop it (db.getCollection("{collection}").dropIndex("{name}")), then run the command again',
  ),
  commit_too_heavy: fatal(
    'MongoDB keeps ending the transaction of this event: it writes too much at once, or its contact is written all the time; see the size of its metadata',
  ),
  commit_too_slow: passing(
    'MongoDB ended a transaction that outlasted its time limit; see what slows the server down',
  ),
  handler_failed: fatal(
    'Handling failed: {reason}; please report it, and once it is mended replay the event or run the backfill again',
  ),
  worker_died: fatal(
    'The process that handled the event died over it or stopped answering; see its log, replay the event once it is mended',
  ),
  input_unreadable: fatal('{path} cannot be read: {reason}'),
  account_busy: passing('Other writers kept changing the account for {seconds} s; run the command again'),
  mongodb_unavailable: passing(
    'MongoDB does not answer: {reason}; check that it runs and that its URI (--mongodb-uri, MONGODB_URI or mongodbUri) is right, or see .billing-sync/mongod.log where none is set',
  ),
  stripe_unauthorized: passing(
    "Stripe does not accept the key; check STRIPE_SECRET_KEY, or the account's access token, then run the command again",
  ),
  stripe_rate_limited: passing('Stripe kept asking to slow down; run the command again later'),
  stripe_unavailable: passing(
    'Stripe does not answer; check the network, and STRIPE_API_BASE where it is set, or run the command again later',
  ),
  stripe_refused: fatal(
    'Stripe refused to show {what} (status {status}, {reason}); check what the key may read',
  ),
  object_unnameable: fatal(
    'No URL can name the object {id}, so Stripe is not asked for it: its events and its list bring it',
  ),
  sink_unavailable: passing('{sink} does not answer: {reason}; check that it runs and that its URL is right'),
  sink_rejected: fatal('{sink} refuses what it is told: {reason}; see the rows of billing.outbox'),
  socket_unauthorized: fatal('Expected a JWT in auth.token, signed with HS256 and SOCKET_SECRET: {reason}'),
  backfill_running: fatal(
    'Another backfill of {account} runs on {host} (process {pid}) since {since}; wait for it, or give --restart to take its place',
  ),
  backfill_superseded: fatal(
    'Another backfill of {account} took its place; that one goes on, this one stops',
  ),
  account_disconnected: fatal(
    'The account {account} does not let the platform in (any more); check the id, or connect it again',
  ),
  account_parked: fatal(
    'The config does not list {account}; add it to "accounts", or set "unknown_accounts" to "accept"',
  ),
  object_missing: fatal(
    'Neither Stripe nor the mirror has {ids} of {account}; check the ids, the account and the mode of the key',
  ),
  account_incomplete: fatal('The backfill of {account} did not come to its end: {reason}'),
  entry_invalid: fatal(
    'Stripe lists an entry of its {list} that is no object with an id of 1 to 255 printable characters; run the command again, report it to Stripe should it stay',
  ),
  list_empty: fatal(
    'Stripe lists no {resource} for {account}, though {count} are stored; check that the key is of the right account and mode, or, where all of them are really gone, insist with --restart',
  ),
  too_much_gone: fatal(
    '{count} of {stored} stored {resource} of {account} are no longer in the list that Stripe shows, too many to be believed: none was marked deleted; check the key, its mode and STRIPE_API_BASE, see them with --verify, or insist with --restart',
  ),
  gone_unproved: fatal(
    'Stripe answers 404 for {gone} and shows nothing else of {account} that was tried: nothing was marked deleted; check the key, its mode and STRIPE_API_BASE, and where they are right, name it by --id together with an object that Stripe still shows',
  ),
  mongod_not_found: fatal(
    'No MongoDB server could be found or fetched ({tried}); set MONGODB_URI, or install MongoDB so that mongod is on PATH',
  ),
  mongod_failed: fatal("The embedded MongoDB in {folder} can't be used: {reason}; {remedy}"),
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

/** An error with a code of `errorKinds`; `message` is the filled template. */
export class BillingSyncError extends Error {
  override readonly name = 'BillingSyncError'
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly retryable: boolean
  readonly exitCode: 1 | 2

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    const kind = errorKinds[code]
    super(fillTemplate(kind.message, details), options)
    this.code = code
    this.details = details
    this.retryable = kind.retryable
    this.exitCode = kind.exitCode
  }
}

/** Returns the coded error that a thrown value stands for; one without a code is our own fault. */
export const codedErrorOf = (thrown: unknown): BillingSyncError => {
  if (thrown instanceof BillingSyncError) return thrown
  const reason = thrown instanceof Error ? thrown.name : typeof thrown
  return new BillingSyncError('handler_failed', { reason }, { cause: thrown })
}

/** Tells whether an error is trouble that passes by itself. */
export const isRetryable = (error: unknown): error is BillingSyncError =>
  error instanceof BillingSyncError && error.retryable

const fillTemplate = (template: string, details: ErrorDetails): string =>
  template.replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(details, name) ? String(details[name]) : placeholder,
  )
