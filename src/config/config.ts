// The configuration of one run: read once, checked before any work, frozen.

import * as v from 'valibot'
import { livemodeOfKey } from '../core/key-mode.ts'
import type { MappingRule } from '../core/mapping.ts'
import { BillingSyncError } from '../errors.ts'
import { type ConfigFile, firstProblem, readConfigFile } from './config-file.ts'
import {
  allowsLiveScreens,
  cacheFolderOf,
  type Environment,
  inheritableVariables,
  readEnvironment,
  workingFolder,
} from './environment.ts'
import { wordsOfIssue } from './schema-words.ts'
import { type SettingName, type SettingRow, type Settings, settingRows } from './settings.ts'

/** Settings given as flags, and the config file's name. */
export interface ConfigFlags {
  readonly mongodbUri?: string
  readonly config?: string
  readonly logLevel?: string
  readonly port?: string
  readonly host?: string
}

/** An account as the config file lists it; what it does not name stays as it is. */
export interface ListedAccount {
  readonly stripe_user_id: string
  readonly new_contact?: boolean | undefined
  readonly support?: boolean | undefined
  readonly mappings?: readonly MappingRule[] | undefined
  /** Key of an account that the platform's does not reach; null forgets the one stored. */
  readonly access_token?: string | null | undefined
  /** Secrets of the account's own webhook endpoints. */
  readonly webhook_secrets?: readonly string[] | undefined
}

export interface Config extends Omit<Settings, 'mode'> {
  /** True for live events only, false for test events only, null for both. */
  readonly livemode: boolean | null
  readonly unknownAccounts: 'accept' | 'park'
  readonly accounts: readonly ListedAccount[]
  /** The flag, variable or config key that named the MongoDB server; `MONGODB_URI` where none did. */
  readonly mongodbUriSource: string
  /** Working directory. */
  readonly folder: string
  /** PATH and cache folder, in which the embedded server's program is looked for. */
  readonly environment: { readonly path: string; readonly cacheFolder: string }
  /** False where a CI or a dumb terminal rules out screens that are drawn anew in place. */
  readonly allowsLiveScreens: boolean
  /** What the embedded server's processes, which outlive the command, may know: all variables but the settings. */
  readonly serverVariables: Environment
}

const flagNames: Partial<Record<SettingName, string>> = {
  mongodbUri: '--mongodb-uri',
  logLevel: '--log-level',
  port: '--port',
  host: '--host',
}

/** Reads the configuration. Throws `config_invalid`, naming the flag, variable or key that is wrong. */
export const loadConfig = async (flags: ConfigFlags, folder: string = workingFolder()): Promise<Config> => {
  const environment = await readEnvironment(folder)
  const named = flags.config ?? nonEmpty(environment.BILLING_SYNC_CONFIG)
  const file = await readConfigFile(
    folder,
    named,
    flags.config === undefined ? 'BILLING_SYNC_CONFIG' : '--config',
  )
  const sources = { flags, environment, file }
  const { mode, ...settings } = readSettings(sources)
  if (settings.encryptionKey === undefined) refuseAccessTokens(file)
  refuseTokensOfOtherMode(file, settings.stripeKey)
  return Object.freeze({
    ...settings,
    livemode: livemodeOf(mode, settings.stripeKey),
    unknownAccounts: file.unknownAccounts,
    accounts: file.accounts,
    mongodbUriSource: givenOf('mongodbUri', sources)?.source ?? settingRows.mongodbUri.env,
    folder,
    environment: { path: environment.PATH ?? '', cacheFolder: cacheFolderOf(environment) },
    allowsLiveScreens: allowsLiveScreens(),
    serverVariables: inheritableVariables(settingVariables),
  })
}

const settingVariables: ReadonlySet<string> = new Set(Object.values(settingRows).map(({ env }) => env))

interface Sources {
  readonly flags: ConfigFlags
  readonly environment: Environment
  readonly file: ConfigFile
}

const readSettings = (sources: Sources): Settings =>
  Object.fromEntries(
    (Object.keys(settingRows) as SettingName[]).map((name) => [name, readSetting(name, sources)]), // the table's own keys
  ) as Settings // one entry per key of the table

const readSetting = (name: SettingName, sources: Sources): unknown => {
  const { env, schema, isShown = false }: SettingRow = settingRows[name]
  const given = givenOf(name, sources)
  const parsed = v.safeParse(schema, given?.value, { message: wordsOfIssue, abortEarly: true })
  if (parsed.success) return parsed.output
  const problem = firstProblem(parsed.issues)
  const got = isShown && !problem.includes(', got ') ? `, got ${quoted(given?.value)}` : ''
  throw new BillingSyncError('config_invalid', { source: given?.source ?? env, problem: `${problem}${got}` })
}

// What says it first, flag before environment before file; undefined where nothing does.
const givenOf = (name: SettingName, { flags, environment, file }: Sources) => {
  const { env, key }: SettingRow = settingRows[name]
  const flag = (flags as Readonly<Record<string, string | undefined>>)[name] // most settings have no flag
  return [
    { source: flagNames[name] ?? name, value: flag },
    { source: env, value: nonEmpty(environment[env]) },
    { source: `${file.name}: key "${key}"`, value: key === null ? undefined : file.settings[key] },
  ].find(({ value }) => value !== undefined)
}

/** Longest quotation of a wrong value. */
const longestQuoted = 60

/** Returns a wrong value as a message quotes it, cut where it is long. */
export const quoted = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `"${text.length > longestQuoted ? `${text.slice(0, longestQuoted)}…` : text}"`
}

const refuseAccessTokens = ({ accounts }: ConfigFile): void => {
  const account = accounts.find(({ access_token: token }) => typeof token === 'string')
  if (account === undefined) return
  throw new BillingSyncError('config_invalid', {
    source: 'BILLING_SYNC_ENCRYPTION_KEY',
    problem: `expected 32 bytes in base64, since the config file lists an access token for ${account.stripe_user_id}, which is only stored encrypted`,
  })
}

// What a list shows is of the platform key's mode: a token of the other one would mix test and live in one account.
const refuseTokensOfOtherMode = ({ accounts, name }: ConfigFile, stripeKey: string | undefined): void => {
  const livemode = livemodeOfKey(stripeKey)
  const other = accounts.findIndex(({ access_token: token }) => {
    const mode = livemodeOfKey(token)
    return mode !== null && livemode !== null && mode !== livemode
  })
  if (other === -1) return
  const [expected, got] = livemode ? ['live', 'test'] : ['test', 'live']
  throw new BillingSyncError('config_invalid', {
    source: name,
    problem: `accounts[${other}].access_token: expected a key of ${expected} mode, as STRIPE_SECRET_KEY is, got one of ${got} mode`,
  })
}

// A variable that is set to nothing is not set.
const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

const livemodeOf = (mode: Settings['mode'], stripeKey: string | undefined): boolean | null => {
  if (mode === 'live') return true
  if (mode === 'test') return false
  return mode === 'any' ? null : livemodeOfKey(stripeKey)
}
