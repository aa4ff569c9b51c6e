// A chapter of the bench: one thing that is measured, with its limit beside it, and the promise that it keeps or breaks.

import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { ExpectedCounts } from './expected-counts.ts'
import { newContactAccounts, workloadLines } from './workload.ts'

export interface Chapter {
  /** What `--only` calls it. */
  readonly name: string
  /** Prints its figures; false where a count is wrong or a promised figure is missed. */
  readonly run: (bench: Bench) => Promise<boolean>
}

/** What all chapters share. */
export interface Bench {
  /** Fresh folder, removed at the end. */
  readonly folder: string
  readonly events: number
  readonly rounds: number
  /** How long the soak lasts. */
  readonly minutes: number
  /** Connection string of a database of this name on the bench's own server. */
  readonly databaseUri: (name: string) => string
}

/** Events in a file, and what a replay of them leaves behind. */
export interface Workload {
  readonly file: string
  readonly config: string
  readonly events: number
  readonly bytes: number
  readonly expected: ExpectedCounts
}

/** Writes the bench's events, and the config that goes with them, into a folder of this name. */
export const writeWorkload = async (bench: Bench, name: string): Promise<Workload> => {
  const folder = join(bench.folder, name)
  await mkdir(folder)
  const file = join(folder, 'events.jsonl')
  const config = join(folder, 'billing-sync.config.json')
  const expected = new ExpectedCounts()
  let bytes = 0
  const count = function* (): Generator<string> {
    for (const line of workloadLines(bench.events)) {
      const event: SnapshotEvent = JSON.parse(line)
      expected.add(event)
      bytes += Buffer.byteLength(line)
      yield `${line}\n`
    }
  }
  await pipeline(Readable.from(count()), createWriteStream(file))
  const accounts = newContactAccounts.map((id) => ({ stripe_user_id: id, new_contact: true }))
  await writeFile(config, JSON.stringify({ accounts }))
  return { file, config, events: bench.events, bytes, expected }
}
