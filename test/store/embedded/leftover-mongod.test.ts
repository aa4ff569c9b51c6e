import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { endLeftoverMongod } from '../../../src/store/embedded/leftover-mongod.ts'
import { isRunning } from './process-tree.ts'
import { temporaryFolder } from './running-server.ts'

const folderLockedBy = async (lock: string) => {
  const folder = await prepareDataFolder(join(await temporaryFolder(), 'data'))
  await writeFile(join(folder.database, 'mongod.lock'), lock)
  return folder
}

test('a stranger that has the id of a dead mongod stays', async () => {
  const stranger = spawn('sleep', ['1000'])
  onTestFinished(() => void stranger.kill())
  await endLeftoverMongod(await folderLockedBy(`${stranger.pid}\n`))
  expect(await isRunning(stranger.pid ?? Number.NaN)).toBe(true)
})

test('a mongod of another data folder is left alone', async () => {
  const command = 'exec -a mongod sleep 1000 --dbpath /elsewhere --replSet billing-sync'
  const neighbour = spawn('/bin/sh', ['-c', `while :; do sleep 1; done # ${command}`])
  onTestFinished(() => void neighbour.kill())
  await endLeftoverMongod(await folderLockedBy(`${neighbour.pid}\n`))
  expect(await isRunning(neighbour.pid ?? Number.NaN)).toBe(true)
})

test('a lock that was released, damaged or never made means nothing', async () => {
  for (const lock of ['', 'no number\n', '999999999\n']) {
    await expect(endLeftoverMongod(await folderLockedBy(lock))).resolves.toBeUndefined()
  }
  const fresh = await prepareDataFolder(join(await temporaryFolder(), 'data'))
  await expect(endLeftoverMongod(fresh)).resolves.toBeUndefined()
})
