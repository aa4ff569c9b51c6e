// The table of settings: where each comes from, what it may be, what it is by default. Flag, then environment,
// then config file, then default.

import { z } from 'zod'
import { stripeIdPattern } from '../core/object-id.ts'
import { kindOf } from './schema-words.ts'
import { byteSize } from './sizes.ts'
import { duration } from './times.ts'

/** One setting; `env` and `key` name it in the environment and in the config file. */
export interface SettingRow {
  readonly env: string
  /** Camel-cased key in the config file; null where it can't be set there. */
  readonly key: string | null
  readonly schema: z.ZodType
  /** True where a wrong value may be quoted: it holds no secret, and nobody puts one there by mistake. */
  readonly isShown?: boolean
}

const dayMs = 24 * 60 * 60 * 1000

const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(values, `expected ${values.join(', ')}`)

/** Id of an account, as it becomes part of document ids. */
export const accountId = z
  .string({ error: ({ input }) => `expected an account id such as acct_1…, got ${kindOf(input)}` })
  .max(255)
  .regex(stripeIdPattern, 'expected an account id such as acct_1…')

/** A secret that fits on a post-it would let anybody sign events: Stripe's have over 32 characters. */
const shortestSecret = 16

/** What was copied with blanks around it, or read from a file with its last newline, is meant without: nobody sees them. */
const trimmedText = z.string().trim()

/** A secret that signs: of a webhook endpoint, or of the Support UI's tokens. */
export const signingSecret = trimmedText.min(
  shortestSecret,
  `expected secrets of ${shortestSecret} characters or more`,
)

/** Endpoint secrets: a comma list in the environment. */
const signingSecrets = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(signingSecret))
  .default([])

/** A header carries nothing else. */
const headerText = trimmedText.regex(/^[\x20-\x7e]*$/, 'expected plain ASCII characters')

/** A secret key of Stripe's: the platform's, or an account's own access token. */
export const stripeSecretKey = headerText
  .min(8, 'expected a Stripe secret key')
  .regex(/^(?!pk_|whsec_)/, 'expected a secret key (sk_… or rk_…), got one of another kind')

/** AES-256 takes a key of 32 bytes. */
const encryptionKey = trimmedText
  .pipe(z.base64('expected 32 bytes in base64'))
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length === 32, 'expected 32 bytes in base64')

/** MongoDB keeps documents of up to 16 MiB; an event's row has fields beside its bytes. */
const largestBody = 15 * 1024 * 1024

const wholeNumber = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`
  const inRange = z.number(expected).int(expected).min(least, expected).max(most, expected)
  // zod's own coercion makes 0 and 1 of nothing, null and true.
  return z.preprocess((given) => (isFilled(given) ? Number(given) : given), inRange)
}

const address = trimmedText.min(1, 'expected an address to listen on such as 127.0.0.1, got an empty one')

const programPath = z.string().min(1, 'expected the path of a MongoDB server program, got an empty one')

const isFilled = (given: unknown): given is string => typeof given === 'string' && given.trim() !== ''

/** Levels that pino knows, and `silent`. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The table of settings. */
export const settingRows = {
  mongodbUri: {
    env: 'MONGODB_URI',
    key: 'mongodbUri',
    schema: trimmedText.regex(/^mongodb(\+srv)?:\/\/./, 'expected mongodb://… or mongodb+srv://…').optional(),
  },
  mongodPath: { env: 'BILLING_SYNC_MONGOD', key: 'mongod', schema: programPath.optional() },
  stripeKey: {
    env: 'STRIPE_SECRET_KEY',
    key: null,
    schema: stripeSecretKey.optional(),
  },
  stripeApiBase: {
    env: 'STRIPE_API_BASE',
    key: 'stripeApiBase',
    schema: trimmedText
      .regex(/^https?:\/\/[^/\\?#@]+\/?$/, 'expected a base such as http://127.0.0.1:12111')
      .refine(URL.canParse, 'expected a URL such as http://127.0.0.1:12111')
      .optional(),
  },
  hydrate: {
    ...{ env: 'BILLING_SYNC_HYDRATE', key: 'hydrate', isShown: true },
    schema: oneOf('auto', 'never').default('auto'),
  },
  platformAccount: { env: 'STRIPE_ACCOUNT_ID', key: 'stripeAccountId', schema: accountId.optional() },
  mode: {
    ...{ env: 'BILLING_SYNC_MODE', key: 'mode', isShown: true },
    schema: oneOf('live', 'test', 'any').optional(),
  },
  retentionMs: { env: 'BILLING_SYNC_RETENTION', key: 'retention', schema: duration.default(30 * dayMs) },
  webhookSecrets: { env: 'STRIPE_WEBHOOK_SECRET', key: null, schema: signingSecrets },
  port: { ...{ env: 'PORT', key: 'port', isShown: true }, schema: wholeNumber(0, 65_535).default(4242) },
  host: { env: 'HOST', key: 'host', schema: address.default('127.0.0.1') },
  maxBodyBytes: {
    ...{ env: 'BILLING_SYNC_MAX_BODY', key: 'maxBody', isShown: true },
    schema: byteSize
      .refine((bytes) => bytes <= largestBody, 'expected 15MiB or less')
      .default(4 * 1024 * 1024),
  },
  maxBacklog: {
    ...{ env: 'BILLING_SYNC_MAX_BACKLOG', key: 'maxBacklog', isShown: true },
    schema: wholeNumber(1, 1_000_000_000).default(1_000_000),
  },
  metricsToken: {
    env: 'METRICS_TOKEN',
    key: null,
    schema: headerText.min(1, 'expected a token, got blanks').optional(),
  },
  redisUrl: {
    env: 'REDIS_URL',
    key: 'redisUrl',
    schema: trimmedText
      .regex(/^rediss?:\/\/./, 'expected redis://… or rediss://…')
      .refine(URL.canParse, 'expected a URL with a host such as redis://127.0.0.1:6379')
      .optional(),
  },
  socketSecret: { env: 'SOCKET_SECRET', key: null, schema: signingSecret.optional() },
  encryptionKey: { env: 'BILLING_SYNC_ENCRYPTION_KEY', key: null, schema: encryptionKey.optional() },
  logLevel: {
    ...{ env: 'LOG_LEVEL', key: 'logLevel', isShown: true },
    schema: oneOf(...logLevels).optional(),
  },
} as const satisfies Record<string, SettingRow>

export type SettingName = keyof typeof settingRows
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settingRows)[Name]['schema']> }
