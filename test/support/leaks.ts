// What no process under test may ever print: secrets of its settings, and personal data of the fixtures. Every helper
// that runs the program hands in what it printed; no-leaks.ts fails the test where something of that is in it.

import { isObject, type Json, loadSnapshotEvents, objectsWithin } from './fixture-files.ts'

export interface Printed {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: string
  readonly stderr: string
}

/** Somebody else's secret, in the environment of every process under test. */
export const canaryEnvironment = { AWS_SECRET_ACCESS_KEY: 'canary-of-the-environment' } as const

const found: string[] = []

/** Notes what a process printed that it must not. */
export const noteLeaks = (printed: Printed): void => {
  found.push(...leaksIn(printed))
}

/** Returns what was noted since the last call. */
export const takeLeaks = (): readonly string[] => found.splice(0)

/** Returns what of secrets and personal data a process printed, each with where. */
export const leaksIn = ({ args, env, stdout, stderr }: Printed): readonly string[] => {
  const command = args.join(' ')
  const secrets = secretsOf([...Object.entries(env), ...argumentsNamed(args)])
  const told = [
    ...secrets.map(([name, secret]) => ({ name, text: secret, outputs: { stdout, stderr } })),
    // A dry run is asked to show the fields that would change.
    ...personal().map((text) => ({
      name: `"${text}"`,
      text,
      outputs: args.includes('--dry-run') ? { stderr } : { stdout, stderr },
    })),
  ]
  return told.flatMap(({ name, text, outputs }) =>
    Object.entries(outputs)
      .filter(([, output]) => output.includes(text))
      .map(([stream]) => `${name} on ${stream} of: ${command}`),
  )
}

const secretNames =
  /^(STRIPE_SECRET_KEY|STRIPE_WEBHOOK_SECRET|SOCKET_SECRET|METRICS_TOKEN|BILLING_SYNC_ENCRYPTION_KEY|AWS_SECRET_ACCESS_KEY)$/
const urlNames = /URI$|URL$/

/** Shorter ones could be part of anything. */
const shortestSecret = 6

const secretsOf = (settings: readonly (readonly [string, string | undefined])[]) =>
  settings
    .flatMap(([name, value = '']): readonly (readonly [string, string])[] => {
      if (urlNames.test(name)) return passwordsIn(value).map((text) => [`password of ${name}`, text] as const)
      return secretNames.test(name) ? value.split(',').map((part) => [name, part.trim()] as const) : []
    })
    .filter(([, secret]) => secret.length >= shortestSecret)

/** As it stands in a URL, and as it is sent. */
const passwordsIn = (url: string): readonly string[] => {
  const written = /^[a-z+]+:\/\/[^/@]*?:([^/@]+)@/.exec(url)?.[1] ?? ''
  return [...new Set([written, decodeURIComponent(written)])]
}

const argumentsNamed = (args: readonly string[]): readonly (readonly [string, string])[] =>
  args.flatMap((arg, index) =>
    arg === '--mongodb-uri' ? [['--mongodb-uri URI', args[index + 1] ?? '']] : [],
  )

const personalFields: Readonly<Record<string, readonly string[]>> = {
  customer: ['email', 'name', 'phone'],
  charge: ['receipt_email'],
  invoice: ['customer_email', 'customer_name', 'customer_phone'],
}

let personalTexts: readonly string[] | null = null

/** Returns addresses, names and telephone numbers of all fixtures. */
const personal = (): readonly string[] => {
  personalTexts ??= [...new Set(loadSnapshotEvents().flatMap(({ data }) => personalIn(data.object)))]
  return personalTexts
}

const personalIn = (payload: Json): readonly string[] =>
  objectsWithin(payload)
    .flatMap((object) => [
      ...(personalFields[String(object.object)] ?? []).map((name) => object[name]),
      ...linesOf(object.address),
      ...linesOf(object.billing_details),
    ])
    .filter((text) => typeof text === 'string')
    .filter((text) => text.length >= shortestSecret)

const linesOf = (value: Json | undefined): readonly (Json | undefined)[] =>
  isObject(value) ? [value.line1, value.email, value.name] : []
