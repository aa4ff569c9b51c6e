import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { nameSocket, type SocketName } from '../../../src/store/embedded/announcements.ts'
import { describeDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { Reception } from '../../../src/store/embedded/reception.ts'
import {
  connectSupervisor,
  type NoConnection,
  type SupervisorConnection,
} from '../../../src/store/embedded/supervisor-connection.ts'

const folder = describeDataFolder('/data')

const listen = async (onConnection: (socket: Socket) => void): Promise<SocketName> => {
  const name = await nameSocket(folder)
  const server = createServer(onConnection).listen(name.socketPath)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return name
}

const openReception = async (onUsersChange: (users: number) => void = () => {}) => {
  const name = await nameSocket(folder)
  const reception = new Reception({ socket: name, dataFolder: folder.path, onUsersChange })
  await reception.open()
  onTestFinished(() => reception.close())
  return { name, reception }
}

const connected = (connection: SupervisorConnection | NoConnection): SupervisorConnection => {
  if (typeof connection === 'string') return expect.fail(`the supervisor seems ${connection}`)
  onTestFinished(() => void connection.socket.destroy())
  return connection
}

test('a supervisor greets with its state and tells its news', async () => {
  const { name, reception } = await openReception()
  reception.enter('preparing', { type: 'progress', text: 'Starting' })
  const { hello, messages } = connected(await connectSupervisor(name, folder.path, 'use'))
  expect(hello).toMatchObject({ state: 'preparing', pid: process.pid, id: name.id })
  expect((await messages.next()).value).toEqual({ type: 'progress', text: 'Starting' })
  const server = { uri: 'mongodb://127.0.0.1:1/', binarySource: 'MongoDB 6.0.5 (PATH)' }
  reception.enter('serving', { type: 'ready', server })
  expect((await messages.next()).value).toEqual({ type: 'ready', server })
})

test('users are counted as they come and go, lookers are not', async () => {
  const counts: number[] = []
  const { name } = await openReception((users) => counts.push(users))
  connected(await connectSupervisor(name, folder.path, 'look'))
  const user = connected(await connectSupervisor(name, folder.path, 'use'))
  await expect.poll(() => counts, { timeout: 10_000 }).toEqual([1])
  user.socket.destroy()
  await expect.poll(() => counts, { timeout: 10_000 }).toEqual([1, 0])
})

test('a socket that nobody listens on belongs to the dead', async () => {
  const name = await nameSocket(folder)
  expect(await connectSupervisor(name, folder.path, 'use')).toBe('dead')
})

test('a peer that hangs up without a greeting is leaving', async () => {
  const name = await listen((socket) => void socket.end())
  expect(await connectSupervisor(name, folder.path, 'use')).toBe('leaving')
})

test('a peer that talks nonsense is as good as leaving', async () => {
  const name = await listen((socket) => void socket.end('{"type":\nnull\n7\nHTTP/1.1 400\n\0\n'))
  expect(await connectSupervisor(name, folder.path, 'use')).toBe('leaving')
})

test('the supervisor of another data folder is foreign', async () => {
  const { name } = await openReception()
  expect(await connectSupervisor(name, '/another', 'use')).toBe('foreign')
})
