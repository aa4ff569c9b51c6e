// Files of 200 MB, of one entry and of many.

import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { ExpectedCounts } from '../bench/expected-counts.ts'
import { countDocuments } from '../bench/verify-database.ts'
import { newContactAccounts, workloadLines } from '../bench/workload.ts'
import { type Summary, startProgram } from '../support/billing-sync.ts'
import { openDatabaseForTest } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { watchProcess } from '../support/process-usage.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const megabyte = 1024 * 1024
const fileBytes = 200 * megabyte

/** What Node takes for itself is some 100 MB, a batch under way and what waits for it the rest. */
const memoryLimit = 300 * megabyte

/** Of a single entry nothing is held but the fact that it is too large. */
const memoryLimitOfOne = 180 * megabyte

const longTest = 240_000

/** More events than any file here holds. */
const plenty = 1_000_000

const replayWatched = async (args: readonly string[]) => {
  const child = startProgram(['replay', '--json', ...args], { timeout: longTest })
  const usage = watchProcess(child.pid ?? 0)
  const { exitCode, stdout } = await child
  const { peakBytes } = usage.stop()
  const summary: Summary = JSON.parse(String(stdout))
  console.log(`read ${summary.read} in ${summary.duration_ms} ms, ${Math.round((peakBytes ?? 0) / 1e6)} MB`)
  return { exitCode, summary, peakBytes: peakBytes ?? 0 }
}

/** An event around a text of 200 MB, its neighbours on both sides. */
function* aroundOneEntry([before, between, after]: readonly [string, string, string]): Generator<string> {
  const [start = '', end = ''] = JSON.stringify(numberedEvent(2, { changes: { description: '|' } })).split(
    '|',
  )
  yield `${before}${JSON.stringify(numberedEvent(1))}${between}${start}`
  for (let bytes = 0; bytes < fileBytes; bytes += megabyte) yield 'x'.repeat(megabyte)
  yield `${end}${between}${JSON.stringify(numberedEvent(3))}${after}`
}

describe('a file of 200 MB', { timeout: longTest }, () => {
  test.each([
    ['lines', 'one.jsonl', ['', '\n', '\n']],
    ['an array', 'one.json', ['[', ',', ']']],
  ] as const)('in one entry among %s fails in that entry alone', async (_form, name, frame) => {
    const { db, uri } = await openDatabaseForTest()
    const file = join(await temporaryFolder(), name)
    await pipeline(Readable.from(aroundOneEntry(frame)), createWriteStream(file))
    const { exitCode, summary, peakBytes } = await replayWatched([file, '--mongodb-uri', uri])
    expect(exitCode).toBe(1)
    expect(summary).toMatchObject({ read: 3, applied: 2, failed: 1 })
    expect(summary.failures).toEqual([
      expect.objectContaining({ source: `${file}:2`, event_id: null, code: 'payload_unstorable' }),
    ])
    expect(await db.collection('billing.charges').distinct('stripe_id')).toEqual(['ch_1', 'ch_3'])
    expect(peakBytes).toBeGreaterThan(0)
    expect(peakBytes).toBeLessThan(memoryLimitOfOne)
  })

  test('in many events is stored whole in little memory', async () => {
    const { db, uri } = await openDatabaseForTest()
    const accounts = newContactAccounts.map((id) => ({ stripe_user_id: id, new_contact: true }))
    const folder = await temporaryFolder({ 'config.json': JSON.stringify({ accounts }) })
    const file = join(folder, 'many.jsonl')
    const expected = new ExpectedCounts()
    const lines = function* (): Generator<string> {
      let bytes = 0
      for (const line of workloadLines(plenty)) {
        const event: SnapshotEvent = JSON.parse(line)
        expected.add(event)
        bytes += Buffer.byteLength(line)
        yield `${line}\n`
        if (bytes >= fileBytes) return
      }
    }
    await pipeline(Readable.from(lines()), createWriteStream(file))
    const args = [file, '--mongodb-uri', uri, '--config', join(folder, 'config.json')]
    const { exitCode, summary, peakBytes } = await replayWatched(args)
    expect([exitCode, summary.failures]).toEqual([0, []])
    for (const row of await countDocuments(db, expected.counts)) expect(row.stored).toBe(row.expected)
    expect(peakBytes).toBeGreaterThan(0)
    expect(peakBytes).toBeLessThan(memoryLimit)
  })
})
