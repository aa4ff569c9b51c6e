import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import {
  type Announcement,
  announce,
  listAnnouncements,
  nameSocket,
  withdraw,
} from '../../../src/store/embedded/announcements.ts'
import { type DataFolder, prepareDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { winElection } from '../../../src/store/embedded/election.ts'
import { Reception } from '../../../src/store/embedded/reception.ts'
import {
  protocolVersion,
  type SupervisorState,
  sendMessage,
} from '../../../src/store/embedded/supervisor-protocol.ts'
import { temporaryFolder } from './running-server.ts'

const supervisor = { protocol: protocolVersion, pid: process.pid }

interface Candidate {
  readonly announcement: Announcement
  readonly reception: Reception
}

const dataFolder = async () => prepareDataFolder(join(await temporaryFolder(), 'data'))

const stand = async (folder: DataFolder, state: SupervisorState = 'candidate'): Promise<Candidate> => {
  const socket = await nameSocket(folder)
  const reception = new Reception({ socket, dataFolder: folder.path, onUsersChange: () => {} })
  reception.enter(state)
  await reception.open()
  const announcement = await announce(folder, socket)
  onTestFinished(() => leave(folder, { announcement, reception }))
  return { announcement, reception }
}

const leave = async (folder: DataFolder, { announcement, reception }: Candidate) => {
  await withdraw(folder, announcement)
  reception.close()
}

/** Runs for the folder as supervisor.ts does: who loses goes. */
const run = async (folder: DataFolder): Promise<boolean> => {
  const candidate = await stand(folder)
  const won = await winElection(folder, candidate.announcement)
  if (won) candidate.reception.enter('serving')
  else await leave(folder, candidate)
  return won
}

test('of any number that come together exactly one wins', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), async (candidates) => {
      const folder = await dataFolder()
      const results = await Promise.all(Array.from({ length: candidates }, () => run(folder)))
      expect(results.filter((won) => won)).toHaveLength(1)
    }),
    { numRuns: 20 },
  )
})

test('a folder that is owned is not won', async () => {
  for (const state of ['preparing', 'serving', 'failed'] as const) {
    const folder = await dataFolder()
    await stand(folder, state)
    expect(await run(folder)).toBe(false)
  }
})

test('an owner that is stopping is asked again until it is gone', async () => {
  const folder = await dataFolder()
  const { id, socketPath } = await nameSocket(folder)
  const owner = createServer((socket) => {
    sendMessage(socket, { type: 'hello', ...supervisor, dataFolder: folder.path, id, state: 'stopping' })
    socket.resume()
    looks.count += 1
    if (looks.count === 3) owner.close()
  })
  const looks = { count: 0 }
  owner.listen(socketPath)
  await once(owner, 'listening')
  await announce(folder, { id, socketPath })
  expect(await run(folder)).toBe(true)
  expect(looks.count).toBe(3)
})

test('what a killed supervisor left is cleared away', async () => {
  const folder = await dataFolder()
  const dead = await announce(folder, await nameSocket(folder))
  await writeFile(dead.socketPath, '')
  expect(await run(folder)).toBe(true)
  expect((await listAnnouncements(folder)).map(({ id }) => id)).not.toContain(dead.id)
})

test('an announcement copied from another folder does no harm there', async () => {
  const [original, copy] = [await dataFolder(), await dataFolder()]
  const owner = await stand(original, 'serving')
  await announce(copy, owner.announcement)
  expect(await run(copy)).toBe(true)
  expect(await run(original)).toBe(false)
})
