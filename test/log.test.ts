import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../src/errors.ts'
import { type Log, type LogFields, openLog } from '../src/log.ts'

/** Lines that a log of the level wrote. */
const linesOf = (level: string, write: (log: Log) => void): readonly Record<string, unknown>[] => {
  const lines: string[] = []
  write(openLog(level, { write: (line) => lines.push(line) }))
  return lines.map((line) => JSON.parse(line))
}

const secrets = ['sk_live_secret', 'whsec_secret', 'ann@example.com', 'mongodb://user:password@host']

describe('the log', () => {
  test('writes one JSON line with the fields of an outcome', () => {
    const fields: LogFields = {
      event_id: 'evt_1',
      account: 'acct_1',
      type: 'charge.updated',
      outcome: 'failed',
      code: 'payload_unstorable',
      ms: 12,
    }
    expect(linesOf('info', (log) => log.warn('event failed', fields))).toEqual([
      { level: 40, time: expect.any(Number), msg: 'event failed', ...fields },
    ])
  })

  test.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('of level %s writes %j', (level, written) => {
    const lines = linesOf(level, (log) => {
      log.debug('debug')
      log.info('info')
      log.warn('warn')
      log.error('error', new BillingSyncError('account_busy', { seconds: 60 }))
    })
    expect(lines.map(({ msg }) => msg)).toEqual(written)
  })

  test('names an error by its code, or else by its kind', () => {
    const lines = linesOf('info', (log) => {
      log.error('a', new BillingSyncError('account_busy', { seconds: 60 }))
      log.error('b', new TypeError('x is not a function'))
      log.error('c', 'thrown text')
    })
    expect(lines.map(({ code }) => code)).toEqual(['account_busy', 'TypeError', 'string'])
  })

  test('tells nothing that a terminal would obey', () => {
    const lines: string[] = []
    const log = openLog('info', { write: (line) => lines.push(line) })
    log.warn('event failed', { type: 'x\u001b[2J\u009b2J\u202ey' })
    expect(lines.join('')).toContain('"type":"x?[2J?2J?y"')
  })

  test.each(secrets)('never tells what an error quotes: %s', (secret) => {
    const lines = linesOf('trace', (log) => {
      log.error('failed', new TypeError(secret, { cause: { secret } }))
      log.error('failed', new BillingSyncError('config_invalid', { source: 'x', problem: secret }))
      log.error('failed', { secret })
    })
    expect(lines).toHaveLength(3)
    expect(JSON.stringify(lines)).not.toContain(secret)
  })

  test.each(secrets)('never tells a field that it does not name: %s', (secret) => {
    const wider = { event_id: 'evt_1', email: secret, payload: { secret }, headers: [secret] }
    const fields: LogFields = wider
    const lines = linesOf('trace', (log) => {
      log.debug('a', fields)
      log.info('b', fields)
      log.warn('c', fields)
    })
    expect(lines.map(({ event_id }) => event_id)).toEqual(['evt_1', 'evt_1', 'evt_1'])
    expect(JSON.stringify(lines)).not.toContain(secret)
  })
})

/** Starts a process that writes so many lines, and says when all are told. */
const startWriting = (lines: number) => {
  const program = `
    import { openLog, openPatientStderr } from ${JSON.stringify(new URL('../dist/log.js', import.meta.url))}
    const log = openLog('info', openPatientStderr())
    for (let line = 0; line < ${lines}; line += 1) log.info('event handled', { event_id: 'evt_' + line })
    console.log('all told')`
  return spawn(process.execPath, ['--input-type=module', '--eval', program])
}

test('a log that nobody reads holds up no process, and is whole once somebody does', async () => {
  const child = startWriting(5_000)
  // More than a pipe holds is told by then.
  expect(String((await once(child.stdout, 'data'))[0])).toBe('all told\n')
  const lines = (await text(child.stderr)).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).event_id)).toEqual(
    Array.from({ length: 5_000 }, (_, index) => `evt_${index}`),
  )
  if (child.exitCode === null) await once(child, 'close')
  expect(child.exitCode).toBe(0)
})

test('a log that nobody reads takes no more memory than 8 MiB', async () => {
  const child = startWriting(140_000)
  expect(String((await once(child.stdout, 'data'))[0])).toBe('all told\n')
  const kept = await text(child.stderr)
  // What a pipe holds comes on top.
  expect(kept.length).toBeLessThan(9 * 1024 * 1024)
  const ids = kept.split('\n').flatMap((line) => /"evt_(\d+)"/.exec(line)?.[1] ?? [])
  expect(ids.length).toBeGreaterThan(50_000)
  expect(ids).toEqual(ids.map((_, index) => String(index)))
})
