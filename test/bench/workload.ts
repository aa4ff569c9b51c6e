// The bench's input: the stories told again under other ids, at other times and in twenty accounts, until there
// are as many events as asked for. Deterministic: no clock, no random number.

import type { SnapshotEvent } from '../support/fixture-files.ts'
import { loadStories, type Story } from './stories.ts'

/** Connected accounts of the workload: even ones speak the older API generation, odd ones the newer. */
export const accountIds: readonly string[] = Array.from(
  { length: 20 },
  (_, index) => `acct_1Bench${String(index).padStart(2, '0')}`,
)

/** The accounts whose config asks for a contact of every customer. */
export const newContactAccounts: readonly string[] = accountIds.slice(0, 5)

/** Events that are made and sorted at once: what bounds the memory of a large workload. */
const eventsPerWave = 20_000

/** A new customer arrives this often, over all accounts: in 60 days each account has some 35 of them. */
const arrivalSeconds = 7_200

/** Yields the workload's events as lines of JSON, sorted by time within each wave. */
export function* workloadLines(count: number): Generator<string> {
  const templates = loadStories().map((stories) => stories.map((story) => story.map(templateOf)))
  let copy = 0
  for (let left = count; left > 0; left -= eventsPerWave) {
    const wave: Line[] = []
    const wanted = Math.min(left, eventsPerWave)
    for (; wave.length < wanted; copy += 1) wave.push(...copyStory(templates, copy))
    wave.sort((one, other) => one.created - other.created)
    for (const { template, values } of wave.slice(0, wanted)) yield render(template, values)
  }
}

/** An event's text, cut where ids, times and addresses stand: every second part is one of them. */
interface Template {
  readonly created: number
  readonly parts: readonly string[]
}

interface Values {
  readonly account: string
  /** Makes ids and addresses those of one copy. */
  readonly suffix: string
  readonly shiftSeconds: number
}

interface Line {
  readonly created: number
  readonly template: Template
  readonly values: Values
}

// Products and prices are the same for all customers, as in a real account.
const variable =
  /(\b(?:acct|ch|cus|evt|il|in|inpay|pi|pm|py|re|req|seti|si|sub|txn)_[A-Za-z0-9]+|\b1[78]\d{8}\b|@)/

const templateOf = (event: Story[number]): Template => ({
  created: event.created,
  parts: JSON.stringify(event satisfies SnapshotEvent).split(variable),
})

const copyStory = (
  templates: readonly (readonly (readonly Template[])[])[],
  copy: number,
): readonly Line[] => {
  const index = copy % accountIds.length
  const stories = templates[index % 2] ?? []
  const story = stories[Math.floor(copy / accountIds.length) % stories.length] ?? []
  const shiftSeconds = copy * arrivalSeconds + firstSecond - (story[0]?.created ?? 0)
  const values = { account: accountIds[index] ?? '', suffix: `B${copy.toString(36)}`, shiftSeconds }
  return story.map((template) => ({ created: template.created + shiftSeconds, template, values }))
}

/** When the first customer arrives: 2026-08-01. */
const firstSecond = 1_785_542_400

const render = ({ parts }: Template, values: Values): string => {
  let text = ''
  for (const [index, part] of parts.entries()) text += index % 2 === 0 ? part : fill(part, values)
  return text
}

const fill = (part: string, { account, suffix, shiftSeconds }: Values): string => {
  if (part === '@') return `.${suffix}@`
  if (part.startsWith('1')) return String(Number(part) + shiftSeconds)
  return part.startsWith('acct_') ? account : `${part}${suffix}`
}
