// The program as a stranger has it: out of the packed tarball, in a folder of his own, with the packages that are
// installed beside it and no others.

import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { runPacked } from './support/billing-sync.ts'
import { openTestDatabase } from './support/database.ts'
import { projectFolder } from './support/source-modules.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const { db, uri } = await openTestDatabase()

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Packs the project as it is built, and unpacks it beside its dependencies. */
const unpack = async () => {
  const folder = await temporaryFolder()
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { stdout } = await execa('npm', args, { cwd: projectFolder })
  const [packed]: readonly Packed[] = JSON.parse(stdout)
  if (packed === undefined) throw new TypeError('nothing was packed')
  await execa('tar', ['xzf', join(folder, packed.filename), '-C', folder])
  const { dependencies } = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, 'package/node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(projectFolder, 'node_modules', name), link)
  }
  return { folder: join(folder, 'package'), paths: packed.files.map(({ path }) => path) }
}

test('the packed program has all that it needs, and nothing else', async () => {
  const { folder, paths } = await unpack()
  const ours = [
    /^bin\/billing-sync\.js$/,
    /^dist\/bundle\/([A-Za-z0-9_-]+\.js|LICENCES\.txt)$/,
    /^fixtures\/[^/]+$/,
    /^(README\.md|LICENSE|package\.json)$/,
  ]
  expect(paths.filter((path) => !ours.some((form) => form.test(path)))).toEqual([])
  const programs = ['cli', 'supervisor', 'download-mongod'].map((name) => `dist/bundle/${name}.js`)
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'LICENSE', ...programs]))
  const licences = await readFile(join(folder, 'dist/bundle/LICENCES.txt'), 'utf8')
  expect(licences).toMatch(/^mongodb 7[0-9.]+ \(Apache-2\.0\)$/m)
  expect(licences).toMatch(/^stripe 23[0-9.]+ \(MIT\)$/m)

  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const told = await runPacked(folder, ['--version'])
  expect(told).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  const fixture = join(folder, 'fixtures/charge.succeeded.endive.json')
  const replayed = await runPacked(folder, ['replay', fixture, '--mongodb-uri', uri])
  expect(replayed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Replayed 1 event') })
  expect(await db.collection('billing.charges').countDocuments()).toBe(1)
})

test('a program that lies without its packages says so in a line, once it needs one', async () => {
  const folder = await temporaryFolder()
  for (const name of ['bin', 'dist/bundle', 'package.json'])
    await cp(join(projectFolder, name), join(folder, name), { recursive: true })
  const fixture = join(projectFolder, 'fixtures/charge.succeeded.endive.json')
  const { exitCode, stdout, stderr } = await runPacked(folder, ['replay', fixture, '--mongodb-uri', uri])
  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^billing-sync: Cannot find package '.+' .*; run npm ci in its folder first$/m)
})
