// The config file: settings by their camel-cased names, and the connected accounts ("stripeBilling").

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { isJsonObject } from '../core/json.ts'
import { wordsOfLack } from '../core/lacking-key.ts'
import { type MappingRule, problemOfMapping } from '../core/mapping.ts'
import { systemErrorCode } from '../core/system-error-code.ts'
import { BillingSyncError } from '../errors.ts'
import { parseConfigJson } from './config-json.ts'
import { conflictOf } from './mapping-conflicts.ts'
import { kindOf, wordsOfIssue } from './schema-words.ts'
import { accountId, endpointSecret, settingRows, stripeSecretKey } from './settings.ts'

// valibot's own takes a list for an object.
const jsonObject = v.custom<Record<string, unknown>>(
  isJsonObject,
  ({ input }) => `expected an object, got ${kindOf(input)}`,
)

/** An object with no other keys than these. */
const strictObject = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(jsonObject, v.strictObject(entries, wordsOfLack(entries, wordsOfIssue)))

/** Refuses a value in the words of a function that tells its problem, or null. */
const refusedBy = <Value>(problemOf: (value: Value) => string | null) =>
  v.rawCheck<Value>(({ dataset, addIssue }) => {
    const message = dataset.typed ? problemOf(dataset.value) : null
    if (message !== null) addIssue({ message })
  })

const mapping = v.pipe(strictObject({ from: v.string(), to: v.string() }), refusedBy(problemOfMapping))

/** Mappings of one account. */
const mostMappings = 200

const mappings = v.pipe(
  v.array(v.unknown()),
  v.maxLength(mostMappings),
  v.array(mapping),
  refusedBy<MappingRule[]>(conflictOf),
)

const account = strictObject({
  stripe_user_id: accountId,
  new_contact: v.optional(v.boolean()),
  support: v.optional(v.boolean()),
  mappings: v.optional(mappings),
  // Null forgets the one that was listed before.
  access_token: v.nullish(stripeSecretKey),
  webhook_secrets: v.optional(v.array(endpointSecret)),
})

const fileKeys = Object.values(settingRows)
  .map(({ key }) => key)
  .filter((key) => key !== null)

const unknownAccounts = v.picklist(
  ['accept', 'park'],
  ({ input }) => `expected accept or park, got ${typeof input === 'string' ? `"${input}"` : kindOf(input)}`,
)

const fileSchema = strictObject({
  ...Object.fromEntries(fileKeys.map((key) => [key, v.optional(v.unknown())])),
  unknown_accounts: v.optional(unknownAccounts, 'accept'),
  accounts: v.optional(v.array(account), []),
})

/** What a config file says. */
export interface ConfigFile {
  /** As it was named. */
  readonly name: string
  /** Settings by their key, not yet checked. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly unknownAccounts: 'accept' | 'park'
  readonly accounts: readonly v.InferOutput<typeof account>[]
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
  const parsed = v.safeParse(fileSchema, await parseConfigJson(text, name), {
    message: wordsOfIssue,
    abortEarly: true,
  })
  if (!parsed.success) throw refusal(name, firstProblem(parsed.issues))
  const { unknown_accounts: unknownAccounts, accounts, ...settings } = parsed.output
  refuseRepeated(accounts, name)
  refuseSharedSecrets(accounts, name)
  return { name, settings, unknownAccounts, accounts }
}

const refusal = (source: string, problem: string, cause?: unknown): BillingSyncError =>
  new BillingSyncError('config_invalid', { source, problem }, { cause })

/** What keeps a file from being read, in words. */
const unreadable: Readonly<Record<string, string>> = {
  EISDIR: 'is a folder, expected a file',
  EACCES: 'cannot be read: permission denied',
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
    const problem = unreadable[code] ?? `cannot be read (${code})`
    throw refusal(source, name === undefined ? problem : `${name} ${problem}`, error)
  }
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
export const firstProblem = ([issue]: readonly [v.BaseIssue<unknown>, ...unknown[]]): string => {
  const path = issue.path?.map(({ key }) => key) ?? []
  if (issue.expected === 'never') return toldAt(path.slice(0, -1), `unknown key "${path.at(-1)}"`)
  return toldAt(path, issue.message)
}

const toldAt = (path: readonly unknown[], problem: string): string => {
  const place = path
    .map((part, level) => {
      if (typeof part !== 'number') return `.${String(part)}`
      // A list of its own, as of secrets, is counted as people do; within a document as JSON paths do.
      return level === 0 ? `number ${part + 1}` : `[${part}]`
    })
    .join('')
    .replace(/^\./, '')
  return place === '' ? problem : `${place}: ${problem}`
}
