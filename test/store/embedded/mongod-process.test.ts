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
