// The config file: settings by their camel-cased names, and the connected accounts ("stripeBilling").

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { problemOfMapping } from '../core/mapping.ts'
import { systemErrorCode } from '../core/system-error-code.ts'
import { BillingSyncError } from '../errors.ts'
import { conflictOf } from './mapping-conflicts.ts'
import { kindOf, wordsOfIssue } from './schema-words.ts'
import { accountId, settingRows, signingSecret, stripeSecretKey } from './settings.ts'

const mapping = z.strictObject({ from: z.string(), to: z.string() }).superRefine((rule, context) => {
  const problem = problemOfMapping(rule)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

/** Mappings of one account. */
const mostMappings = 200

const mappings = z
  .array(mapping)
  .max(mostMappings)
  .superRefine((rules, context) => {
    const problem = conflictOf(rules)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })

const account = z.strictObject({
  stripe_user_id: accountId,
  new_contact: z.boolean().optional(),
  support: z.boolean().optional(),
  mappings: mappings.optional(),
  // Null forgets the one that was listed before.
  access_token: stripeSecretKey.nullable().optional(),
  webhook_secrets: z.array(signingSecret).optional(),
})

const fileKeys = Object.values(settingRows)
  .map(({ key }) => key)
  .filter((key) => key !== null)

const unknownAccounts = z.enum(['accept', 'park'], {
  error: ({ input }) =>
    `expected accept or park, got ${typeof input === 'string' ? `"${input}"` : kindOf(input)}`,
})

const fileSchema = z.strictObject({
  ...Object.fromEntries(fileKeys.map((key) => [key, z.unknown().optional()])),
  unknown_accounts: unknownAccounts.default('accept'),
  accounts: z.array(account).default([]),
})

/** What a config file says. */
export interface ConfigFile {
  /** As it was named. */
  readonly name: string
  /** Settings by their key, not yet checked. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly unknownAccounts: 'accept' | 'park'
  readonly accounts: readonly z.output<typeof account>[]
}

const defaultName = 'billing-sync.config.json'

/**
 * Reads the config file that was named, else `billing-sync.config.json` where there is one.
 * Throws `config_invalid` naming the file and the place in it.
 * @param namedBy the option or variable that named it
 */
export const readConfigFile = async (
  folder: string,
  named: string | undefined,
  namedBy = '--config',
): Promise<ConfigFile> => {
  if (named === '') throw refusal(namedBy, 'expected the name of a file, got an empty one')
  const name = named ?? defaultName
  const text = await readText(
    resolve(folder, name),
    named === undefined ? { source: name } : { source: namedBy, name },
  )
  if (text === null && named === undefined)
    return { name, settings: {}, unknownAccounts: 'accept', accounts: [] }
  if (text === null) throw refusal(namedBy, `there is no file ${name}`)
  const parsed = fileSchema.safeParse(parseJson(text, name), { error: wordsOfIssue })
  if (!parsed.success) throw refusal(name, firstProblem(parsed.error))
  const { unknown_accounts: unknownAccounts, accounts, ...settings } = parsed.data
  refuseRepeated(accounts, name)
  refuseSharedSecrets(accounts, name)
  return { name, settings, unknownAccounts, accounts }
}

const refusal = (source: string, problem: string, cause?: unknown): BillingSyncError =>
  new BillingSyncError('config_invalid', { source, problem }, { cause })

/** What keeps a file from being read, in words. */
const unreadable: Readonly<Record<string, string>> = {
  EISDIR: 'is a folder, expected a file',
  EACCES: 'can not be read: permission denied',
}

/** Answers null where there is no such file. */
const readText = async (
  path: string,
  { source, name }: { readonly source: string; readonly name?: string },
): Promise<string | null> => {
  try {
    // Some editors put a byte order mark before it, which JSON knows nothing of.
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unreadable'
    if (code === 'ENOENT') return null
    const problem = unreadable[code] ?? `can not be read (${code})`
    throw refusal(source, name === undefined ? problem : `${name} ${problem}`, error)
  }
}

const parseJson = (text: string, name: string): unknown => {
  if (text.trim() === '') throw refusal(name, 'it is empty, expected a JSON object such as {}')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refusal(name, `it is not valid JSON${placeOf(error, text)}`, error)
  }
}

// The parser's text quotes the file, which may hold secrets: only the place is taken out of it, where it tells one.
const placeOf = (error: unknown, text: string): string => {
  const message = error instanceof SyntaxError ? error.message : ''
  if (message.startsWith('Unexpected end')) return ': it ends too early'
  const [, position] = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message) ?? []
  if (position === undefined) return ''
  const lines = text.slice(0, Number(position)).split('\n')
  return ` (line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1})`
}

const refuseRepeated = (accounts: ConfigFile['accounts'], name: string): void => {
  const ids = accounts.map(({ stripe_user_id }) => stripe_user_id)
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated === undefined) return
  throw refusal(name, `accounts: ${repeated} is listed twice`)
}

// An endpoint's secret tells whose event it is where the event itself names no account.
const refuseSharedSecrets = (accounts: ConfigFile['accounts'], name: string): void => {
  const owners = new Map<string, string>()
  for (const { stripe_user_id: id, webhook_secrets: secrets = [] } of accounts)
    for (const secret of secrets) {
      const owner = owners.get(secret) ?? id
      owners.set(secret, id)
      if (owner === id) continue
      throw refusal(
        name,
        `accounts: ${owner} and ${id} list the same webhook secret; each endpoint has its own`,
      )
    }
}

/** Returns the first problem of a parse as `place: what was expected`. */
export const firstProblem = (error: z.ZodError): string => {
  const [issue] = error.issues
  if (issue === undefined) return 'it is invalid'
  const place = issue.path
    .map((part, level) => {
      if (typeof part !== 'number') return `.${String(part)}`
      // A list of its own, as of secrets, is counted as people do; within a document as JSON paths do.
      return level === 0 ? `number ${part + 1}` : `[${part}]`
    })
    .join('')
    .replace(/^\./, '')
  if (issue.code === 'unrecognized_keys')
    return `${place === '' ? '' : `${place}: `}unknown key "${issue.keys[0]}"`
  return place === '' ? issue.message : `${place}: ${issue.message}`
}
