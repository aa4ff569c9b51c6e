import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript-6'
import { describe, expect, test } from 'vitest'
import { BillingSyncError, type ErrorCode, errorKinds } from '../src/errors.ts'
import { constructionAt, nodesOf, projectFolder, readSourceModules } from './support/source-modules.ts'

const codes = Object.keys(errorKinds) as readonly ErrorCode[] // the table's own keys

/** Codes of the table under the README's heading on errors. */
const codesInReadme = (): readonly string[] => {
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8')
  const [, section = ''] = readme.split(/^## .*errors?.*$/im)
  const [table = ''] = section.split(/^## /m)
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code = '']) => code)
}

describe('the table of error codes', () => {
  test.each(codes)('gives %s a message, retryable and an exit code', (code) => {
    const { message, retryable, exitCode } = errorKinds[code]
    expect(code).toMatch(/^[a-z]+(_[a-z]+)+$/)
    expect(message).toMatch(/^([A-Z]|\{).*[^.\s]$/s)
    expect(retryable).toBeTypeOf('boolean')
    expect([1, 2]).toContain(exitCode)
  })

  test('ends with exit code 2 for usage and configuration alone', () => {
    const usage = codes.filter((code) => errorKinds[code].exitCode === 2)
    expect(usage).toEqual(['usage_invalid', 'config_invalid'])
    expect(usage.filter((code) => errorKinds[code].retryable)).toEqual([])
  })

  test('is the same as that of the README', () => {
    expect([...codesInReadme()].sort()).toEqual([...codes].sort())
  })

  test('holds no code that the source never makes an error of', () => {
    const made = readSourceModules().flatMap(({ tree }) => codesMadeIn(tree))
    expect(codes.filter((code) => !made.includes(code))).toEqual([])
  })
})

// Most are made as `new BillingSyncError('code', …)`; a module may also choose the code from a table of its own.
const codesMadeIn = (tree: ts.SourceFile): readonly string[] => {
  const nodes = [...nodesOf(tree)]
  const made = nodes
    .map(constructionAt)
    .filter((construction) => construction?.className === 'BillingSyncError')
    .map((construction) => construction?.firstText)
  const chosen = made.includes(null) ? nodes.filter(ts.isStringLiteral).map(({ text }) => text) : []
  return [...made.filter((code) => typeof code === 'string'), ...chosen]
}

describe('a coded error', () => {
  test('has what the table says of its code', () => {
    const error = new BillingSyncError('mongodb_unavailable', { reason: 'no server could be selected' })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'BillingSyncError',
      code: 'mongodb_unavailable',
      details: { reason: 'no server could be selected' },
      retryable: true,
      exitCode: 1,
      message:
        'MongoDB does not answer: no server could be selected; check that it runs and that its URI (--mongodb-uri, MONGODB_URI or mongodbUri) is right, or see .billing-sync/mongod.log where none is set',
    })
  })

  test('fills every place of its message, numbers too', () => {
    expect(new BillingSyncError('account_busy', { seconds: 60 }).message).toContain('for 60 s;')
    expect(new BillingSyncError('config_invalid', { source: 'PORT', problem: 'too high' }).message).toBe(
      'PORT: too high',
    )
  })

  test('leaves a place as it is where no own detail fills it', () => {
    expect(new BillingSyncError('event_invalid').message).toBe('Not a Stripe event: {problem}')
    expect(new BillingSyncError('event_invalid', { other: 'x' }).message).toBe(
      'Not a Stripe event: {problem}',
    )
  })

  test('takes details as text and not as a template', () => {
    const details = { source: '{problem}', problem: '$& $1 {source}' }
    expect(new BillingSyncError('config_invalid', details).message).toBe('{problem}: $& $1 {source}')
  })

  test('keeps what caused it', () => {
    const cause = new TypeError('socket closed')
    expect(new BillingSyncError('mongodb_unavailable', { reason: 'x' }, { cause }).cause).toBe(cause)
  })
})
