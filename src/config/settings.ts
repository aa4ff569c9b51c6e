// The table of settings: where each comes from, what it may be, what it is by default. Flag, then environment,
// then config file, then default.

import * as v from 'valibot'
import { stripeIdPattern } from '../core/object-id.ts'
import { kindOf } from './schema-words.ts'
import { byteSize } from './sizes.ts'
import { duration } from './times.ts'

/** One setting; `env` and `key` name it in the environment and in the config file. */
export interface SettingRow {
  readonly env: string
  /** Camel-cased key in the config file; null where it can't be set there. */
  readonly key: string | null
  readonly schema: v.GenericSchema
  /** True where a wrong value may be quoted: it holds no secret, and nobody puts one there by mistake. */
  readonly isShown?: boolean
}

const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  v.picklist(values, `expected ${values.join(', ')}`)

const expectedAccount = 'expected an account id such as acct_1…'
const noAccount = ({ input }: v.BaseIssue<unknown>): string => `${expectedAccount}, got ${kindOf(input)}`

/** Id of an account, as it becomes part of document ids. */
export const accountId = v.pipe(
  v.string(noAccount),
  v.maxCodePoints(255, noAccount),
  v.regex(stripeIdPattern, expectedAccount),
)

/** A secret that fits on a post-it would let anybody sign events: Stripe's have over 32 characters. */
const shortestSecret = 16

/** What was copied with blanks around it, or read from a file with its last newline, is meant without: nobody sees them. */
const trimmedText = v.pipe(v.string(), v.trim())

/** A secret that signs: of a webhook endpoint, or of the Support UI's tokens. */
const signingSecret = v.pipe(
  trimmedText,
  v.minCodePoints(shortestSecret, `expected secrets of ${shortestSecret} characters or more`),
)

/** Secret of a webhook endpoint. With a key of Stripe's API in its place every delivery would be refused. */
export const endpointSecret = v.pipe(
  signingSecret,
  v.regex(/^(?![srp]k_)/, 'expected the signing secret of an endpoint (whsec_…), got an API key'),
)

/** Endpoint secrets: a comma list in the environment. */
const endpointSecrets = v.pipe(
  v.optional(v.string()),
  v.transform((text) => text?.split(',') ?? []),
  v.array(endpointSecret),
)

/** A header carries nothing else. */
const headerText = v.pipe(trimmedText, v.regex(/^[\x20-\x7e]*$/, 'expected plain ASCII characters'))

/** A secret key of Stripe's: the platform's, or an account's own access token. */
export const stripeSecretKey = v.pipe(
  headerText,
  v.minLength(8, 'expected a Stripe secret key'),
  v.regex(/^(?!pk_|whsec_)/, 'expected a secret key (sk_… or rk_…), got one of another kind'),
)

/** AES-256 takes a key of 32 bytes: 43 digits of base64 (valibot's own pattern takes the sign for kelvin for a K). */
const encryptionKey = v.pipe(
  trimmedText,
  v.regex(/^[A-Za-z0-9+/]{43}=$/, 'expected 32 bytes in base64'),
  v.transform((text) => Buffer.from(text, 'base64')),
)

/** MongoDB keeps documents of up to 16 MiB; an event's row has fields beside its bytes. */
const largestBody = 15 * 1024 * 1024

const wholeNumber = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`
  return v.pipe(
    v.unknown(),
    // Number makes 0 and 1 of nothing, null and true, and would listen on 8192 for 0x2000.
    v.transform((given) => (isDigits(given) ? Number(given) : given)),
    v.number(expected),
    v.integer(expected),
    v.minValue(least, expected),
    v.maxValue(most, expected),
  )
}

const address = v.pipe(
  trimmedText,
  v.nonEmpty('expected an address to listen on such as 127.0.0.1, got an empty one'),
)

const programPath = v.pipe(
  v.string(),
  v.nonEmpty('expected the path of a MongoDB server program, got an empty one'),
)

const mongodbUri = v.pipe(
  trimmedText,
  v.regex(/^mongodb(\+srv)?:\/\/./, 'expected mongodb://… or mongodb+srv://…'),
)

const stripeApiBase = v.pipe(
  trimmedText,
  v.regex(/^https?:\/\/[^/\\?#@]+\/?$/, 'expected a base without a path, such as http://127.0.0.1:12111'),
  v.check(URL.canParse, 'expected a URL such as http://127.0.0.1:12111'),
)

const redisUrl = v.pipe(
  trimmedText,
  v.regex(/^rediss?:\/\/./, 'expected redis://… or rediss://…'),
  v.check(URL.canParse, 'expected a URL with a host such as redis://127.0.0.1:6379'),
)

const isDigits = (given: unknown): given is string => typeof given === 'string' && /^\d+$/.test(given.trim())

/** Levels that pino knows, and `silent`. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The table of settings. */
export const settingRows = {
  mongodbUri: { env: 'MONGODB_URI', key: 'mongodbUri', schema: v.optional(mongodbUri) },
  mongodPath: { env: 'BILLING_SYNC_MONGOD', key: 'mongod', schema: v.optional(programPath) },
  stripeKey: { env: 'STRIPE_SECRET_KEY', key: null, schema: v.optional(stripeSecretKey) },
  stripeApiBase: { env: 'STRIPE_API_BASE', key: 'stripeApiBase', schema: v.optional(stripeApiBase) },
  hydrate: {
    ...{ env: 'BILLING_SYNC_HYDRATE', key: 'hydrate', isShown: true },
    schema: v.optional(oneOf('auto', 'never'), 'auto'),
  },
  platformAccount: { env: 'STRIPE_ACCOUNT_ID', key: 'stripeAccountId', schema: v.optional(accountId) },
  mode: {
    ...{ env: 'BILLING_SYNC_MODE', key: 'mode', isShown: true },
    schema: v.optional(oneOf('live', 'test', 'any')),
  },
  retentionMs: { env: 'BILLING_SYNC_RETENTION', key: 'retention', schema: v.optional(duration, '30d') },
  webhookSecrets: { env: 'STRIPE_WEBHOOK_SECRET', key: null, schema: endpointSecrets },
  port: { ...{ env: 'PORT', key: 'port', isShown: true }, schema: v.optional(wholeNumber(0, 65_535), 4242) },
  host: { env: 'HOST', key: 'host', schema: v.optional(address, '127.0.0.1') },
  maxBodyBytes: {
    ...{ env: 'BILLING_SYNC_MAX_BODY', key: 'maxBody', isShown: true },
    schema: v.optional(v.pipe(byteSize, v.maxValue(largestBody, 'expected 15MiB or less')), '4MiB'),
  },
  maxBacklog: {
    ...{ env: 'BILLING_SYNC_MAX_BACKLOG', key: 'maxBacklog', isShown: true },
    schema: v.optional(wholeNumber(1, 1_000_000_000), 1_000_000),
  },
  metricsToken: {
    env: 'METRICS_TOKEN',
    key: null,
    schema: v.optional(v.pipe(headerText, v.nonEmpty('expected a token, got blanks'))),
  },
  redisUrl: { env: 'REDIS_URL', key: 'redisUrl', schema: v.optional(redisUrl) },
  socketSecret: { env: 'SOCKET_SECRET', key: null, schema: v.optional(signingSecret) },
  encryptionKey: { env: 'BILLING_SYNC_ENCRYPTION_KEY', key: null, schema: v.optional(encryptionKey) },
  logLevel: {
    ...{ env: 'LOG_LEVEL', key: 'logLevel', isShown: true },
    schema: v.optional(oneOf(...logLevels)),
  },
} as const satisfies Record<string, SettingRow>

export type SettingName = keyof typeof settingRows
export type Settings = { readonly [Name in SettingName]: v.InferOutput<(typeof settingRows)[Name]['schema']> }
