import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { choosePort, explainEnd } from '../../../src/store/embedded/mongod-process.ts'
import { temporaryFolder } from './running-server.ts'

const dataFolder = async () => prepareDataFolder(join(await temporaryFolder(), 'data'))

test('a data folder keeps its port', async () => {
  const folder = await dataFolder()
  expect(await choosePort(folder)).toBe(await choosePort(folder))
})

test('a taken port gives way to a free one, which is kept', async () => {
  const folder = await dataFolder()
  const port = await choosePort(folder)
  const squatter = createServer().listen({ host: '127.0.0.1', port })
  onTestFinished(() => void squatter.close())
  await once(squatter, 'listening')
  const other = await choosePort(folder)
  expect(other).not.toBe(port)
  expect(await choosePort(folder)).toBe(other)
})

test('a damaged note of the port is as good as none', async () => {
  for (const note of ['', 'no number', '-1', '70000', '1.5']) {
    const folder = await dataFolder()
    await writeFile(folder.port, note)
    expect(await choosePort(folder)).toBeGreaterThan(1023)
  }
})

test('an end is explained by the first error of the log', async () => {
  const folder = await dataFolder()
  const lines = [
    { s: 'I', msg: 'MongoDB starting' },
    { s: 'E', msg: 'DBException in initAndListen, terminating', attr: { error: 'DBPathInUse: in use' } },
    { s: 'F', msg: 'Got signal' },
  ]
  await writeFile(folder.mongodLog, lines.map((line) => JSON.stringify(line)).join('\n'))
  expect(await explainEnd(folder, 100)).toBe(
    'mongod ended with code 100: DBException in initAndListen, terminating: DBPathInUse: in use',
  )
})

test('an end that the log does not explain is told by code', async () => {
  const folder = await dataFolder()
  expect(await explainEnd(folder, 137)).toBe('mongod was ended by signal 9')
  expect(await explainEnd(folder, null)).toBe('mongod was cut off')
  await writeFile(folder.mongodLog, '{"s":"F","msg":"cut off by a full di')
  expect(await explainEnd(folder, 14)).toBe('mongod ended with code 14: {"s":"F","msg":"cut off by a full di')
})

test('an end on a full disk is told as that, whatever the log had room for', async () => {
  const folder = await dataFolder()
  const full = Number.POSITIVE_INFINITY
  const told = `the disk of ${folder.path} is full, make room there`
  expect(await explainEnd(folder, 1, full)).toBe(`mongod ended with code 1: ${told}`)
  await writeFile(folder.mongodLog, '{"s":"E","msg":"cut off by a full di')
  expect(await explainEnd(folder, 134, full)).toBe(`mongod was ended by signal 6: ${told}`)
})

test('an end is explained in one line, whatever the log quotes', async () => {
  const folder = await dataFolder()
  // As mongod 6.0.5 says it where its lock finds no room.
  const error =
    'FileStreamFailed: Unable to write string 15782\n to file: mongod.lock No space left on device'
  await writeFile(folder.mongodLog, JSON.stringify({ s: 'E', msg: 'DBException', attr: { error } }))
  expect(await explainEnd(folder, 100)).toBe(
    'mongod ended with code 100: DBException: FileStreamFailed: Unable to write string 15782 to file: mongod.lock No space left on device',
  )
})
