import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { mayStayOpen } from '../../../src/sources/files/open-input.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

// What is read of files while a machine is busy would else be cut into batches by chance, and counted by them.
test('stdin and a pipe may stay open, a file does not', async () => {
  const folder = await temporaryFolder({ 'events.json': '[]' })
  await execa('mkfifo', [join(folder, 'pipe')])
  expect(await mayStayOpen('-')).toBe(true)
  expect(await mayStayOpen(join(folder, 'pipe'))).toBe(true)
  expect(await mayStayOpen(join(folder, 'events.json'))).toBe(false)
  expect(await mayStayOpen(join(folder, 'no such file'))).toBe(false)
})
