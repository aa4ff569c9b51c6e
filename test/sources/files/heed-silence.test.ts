import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { PassThrough, type Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { heedSilence } from '../../../src/sources/files/heed-silence.ts'

async function* chunksOf(stream: Readable): AsyncGenerator<string> {
  for await (const chunk of stream) yield String(chunk)
}

test('does something else once an input is silent, until that goes on', async () => {
  const stream = new PassThrough()
  const silences = new PassThrough()
  const read = heedSilence(chunksOf(stream), async (isOver) => {
    expect(isOver()).toBe(false)
    silences.write('silent')
    while (!isOver()) await new Promise(setImmediate)
  })
  stream.write('one')
  expect(await read.next()).toEqual({ done: false, value: 'one' })
  const next = read.next()
  await once(silences, 'data')
  stream.write('two')
  expect(await next).toEqual({ done: false, value: 'two' })
  stream.end()
  expect(await read.next()).toEqual({ done: true, value: undefined })
})

test('does nothing else while an input has more to say, however late the thread hears of it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reader = connect((server.address() as AddressInfo).port) // of a TCP server
  const [writer]: Socket[] = await once(server, 'connection')
  const read = heedSilence(chunksOf(reader), () => Promise.reject(new Error('it was not silent')))
  const next = read.next()
  setImmediate(() => {
    writer?.write('there all the time')
    const until = performance.now() + 300
    while (performance.now() < until);
  })
  expect(await next).toEqual({ done: false, value: 'there all the time' })
  reader.destroy()
  server.close()
})

test('tells what goes wrong meanwhile, and waits for no more of the input', async () => {
  const read = heedSilence(chunksOf(new PassThrough()), () => Promise.reject(new Error('broken')))
  await expect(read.next()).rejects.toThrow('broken')
})
