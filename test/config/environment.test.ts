import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { allowsLiveScreens, cacheFolderOf, readEnvironment } from '../../src/config/environment.ts'
import { BillingSyncError } from '../../src/errors.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('variables of a .env file are read beside those of the process', async () => {
  const folder = await temporaryFolder({
    '.env': '# ours\nLOG_LEVEL="debug"\nexport BILLING_SYNC_MODE=test\n',
  })
  const environment = await readEnvironment(folder)
  expect(environment).toMatchObject({ LOG_LEVEL: 'debug', BILLING_SYNC_MODE: 'test', PATH: process.env.PATH })
})

test('a variable of the process wins over the .env file', async () => {
  const folder = await temporaryFolder({ '.env': 'PATH=/nowhere' })
  expect((await readEnvironment(folder)).PATH).toBe(process.env.PATH)
})

test('a variable of the process that is set to nothing hides none of the .env file', async () => {
  process.env.BILLING_SYNC_MODE = ''
  onTestFinished(() => {
    delete process.env.BILLING_SYNC_MODE
  })
  const folder = await temporaryFolder({ '.env': 'BILLING_SYNC_MODE=test' })
  expect((await readEnvironment(folder)).BILLING_SYNC_MODE).toBe('test')
})

test('a byte order mark before a .env file costs no variable', async () => {
  const folder = await temporaryFolder({ '.env': '\uFEFFLOG_LEVEL=debug\nBILLING_SYNC_MODE=test\n' })
  expect(await readEnvironment(folder)).toMatchObject({ LOG_LEVEL: 'debug', BILLING_SYNC_MODE: 'test' })
})

test('a folder without a .env file is fine', async () => {
  expect((await readEnvironment(await temporaryFolder())).PATH).toBe(process.env.PATH)
})

test('a .env that cannot be read is told', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, '.env'))
  const error = await readEnvironment(folder).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(BillingSyncError)
  expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('.env') })
})

test('the cache lies where the XDG specification says', () => {
  expect(cacheFolderOf({ XDG_CACHE_HOME: '/cache', HOME: '/home/me' })).toBe('/cache')
  expect(cacheFolderOf({ XDG_CACHE_HOME: '', HOME: '/home/me' })).toBe('/home/me/.cache')
  expect(cacheFolderOf({})).toBe(join(homedir(), '.cache'))
})

test.each<[Readonly<Record<string, string>>, boolean]>([
  [{ TERM: 'xterm' }, true],
  [{}, true],
  [{ TERM: 'dumb' }, false],
  [{ CI: 'true' }, false],
  [{ CI: '' }, false],
  [{ CI: '0', CONTINUOUS_INTEGRATION: 'false' }, true],
  [{ CI: 'false', CONTINUOUS_INTEGRATION: '1' }, false],
])('of %j live screens are allowed: %s', (environment, allowed) => {
  expect(allowsLiveScreens(environment)).toBe(allowed)
})
