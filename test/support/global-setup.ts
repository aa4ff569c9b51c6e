import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openEmbeddedMongod } from '../../src/store/embedded/embedded-mongod.ts'
import { buildStalePrograms } from './built-programs.ts'
import { awaitNoSupervisor, testEnvironment } from './embedded-environment.ts'
import { makeServerFolder } from './server-folder.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The one server of the whole run; openTestDatabase() gives each test file a database of its own. */
    mongodbUri: string
  }
}

/** Starts the MongoDB of a test run with the program's own code, and ends it with the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildStalePrograms()
  const folder = await makeServerFolder('test')
  const mongod = await openEmbeddedMongod({
    dataFolder: join(folder, 'data'),
    environment: testEnvironment(),
    testCommands: true,
    lingerMs: 0,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  })
  project.provide('mongodbUri', mongod.uri)
  return async () => {
    await mongod.release()
    await awaitNoSupervisor(mongod.dataFolder)
    await rm(folder, { recursive: true, force: true })
  }
}
