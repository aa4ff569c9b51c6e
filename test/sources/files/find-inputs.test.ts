import { mkdir, symlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findInputs, sizeOfInputs } from '../../../src/sources/files/find-inputs.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const found = async (folder: string, names: readonly string[] = [folder]) =>
  (await findInputs(names)).map((path) => relative(folder, path))

describe('the inputs of a command line', () => {
  test('stay as they were given, stdin and missing files too', async () => {
    const folder = await temporaryFolder({ 'b.json': '', 'a.txt': '' })
    const names = ['-', join(folder, 'b.json'), join(folder, 'a.txt'), join(folder, 'missing.json')]
    expect(await findInputs(names)).toEqual(names)
  })

  test('are, of a directory, its files of events in name order', async () => {
    const folder = await temporaryFolder({
      'b.json': '',
      'a.jsonl': '',
      'deep/er/c.ndjson': '',
      'deep/a.json.gz': '',
      'z.ndjson.gz': '',
      'notes.txt': '',
      'x.json.bak': '',
      '.billing-sync/a.json': '',
      '.hidden.json': '',
    })
    expect(await found(folder)).toEqual([
      'a.jsonl',
      'b.json',
      'deep/a.json.gz',
      'deep/er/c.ndjson',
      'z.ndjson.gz',
    ])
  })

  test('keep the order in which directories were given', async () => {
    const folder = await temporaryFolder({ 'b/1.json': '', 'a/2.json': '' })
    expect(await found(folder, [join(folder, 'b'), join(folder, 'a')])).toEqual(['b/1.json', 'a/2.json'])
  })

  test('follow links to files, not to folders', async () => {
    const folder = await temporaryFolder({ 'real/a.json': '' })
    await symlink('real/a.json', join(folder, 'linked.json'))
    await symlink('nowhere', join(folder, 'lost.json'))
    await symlink('.', join(folder, 'circle.json'))
    expect(await found(folder)).toEqual(['linked.json', 'lost.json', 'real/a.json'])
  })

  test('are none in an empty directory', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'deeper'))
    expect(await found(folder)).toEqual([])
  })
})

test('the size of inputs counts what can be looked at', async () => {
  const folder = await temporaryFolder({ 'a.json': '12345', 'b.json': '67' })
  const inputs = [join(folder, 'a.json'), join(folder, 'missing'), '-', join(folder, 'b.json')]
  expect(await sizeOfInputs(inputs)).toBe(7)
})
