import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { entryScript } from '../../../src/store/embedded/entry-script.ts'
import { temporaryFolder } from './running-server.ts'

/** Runs the download against a mirror on this machine in place of MongoDB's own server. */
const download = async (answer: RequestListener) => {
  const mirror = createServer(answer).listen(0, '127.0.0.1')
  await once(mirror, 'listening')
  onTestFinished(() => void mirror.closeAllConnections())
  const { port } = mirror.address() as AddressInfo // a TCP server's
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'scratch'))
  const env = {
    ...process.env,
    HOME: folder,
    MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${port}`,
    MONGOMS_USE_HTTP: '1',
    MONGOMS_PREFER_GLOBAL_PATH: '0',
  }
  const target = join(folder, 'mongod')
  const args = [entryScript('download-mongod'), join(folder, 'scratch'), target]
  const child = spawn(process.execPath, args, { env, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, said, target }
}

const buildArchive = async (): Promise<Buffer> => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'mongodb-linux', 'bin'), { recursive: true })
  await writeFile(join(folder, 'mongodb-linux', 'bin', 'mongod'), 'the server')
  await promisify(execFile)('tar', ['-czf', join(folder, 'archive.tgz'), '-C', folder, 'mongodb-linux'])
  return readFile(join(folder, 'archive.tgz'))
}

/** Answers like MongoDB's server: the archive, and its MD5 beside it. */
const serve =
  (archive: Buffer, md5: string): RequestListener =>
  ({ url }, response) => {
    const body = url?.endsWith('.md5') ? Buffer.from(`${md5}  archive.tgz\n`) : archive
    response.writeHead(200, { 'content-length': body.length }).end(body)
  }

test('the server program comes out of the archive', async () => {
  const archive = await buildArchive()
  const { code, said, target } = await download(
    serve(archive, createHash('md5').update(archive).digest('hex')),
  )
  expect({ code, said }).toEqual({ code: 0, said: '' })
  expect(await readFile(target, 'utf8')).toBe('the server')
})

test('an archive that arrives damaged is refused', async () => {
  const { code, said } = await download(serve(await buildArchive(), '0'.repeat(32)))
  expect(code).toBe(1)
  expect(said).toContain('MD5 check failed!')
})

test('a server that never answers, or stops in the middle, is given up after a few seconds', async () => {
  const stopsInTheMiddle: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('half of it')
  }
  const silent = await Promise.all([download(() => {}), download(stopsInTheMiddle)])
  for (const { code, said } of silent)
    expect({ code, said: said.trim() }).toEqual({ code: 1, said: 'no byte for 4 s' })
})

test('a refusal is told in one line', async () => {
  const { code, said } = await download((_, response) => void response.writeHead(404).end())
  expect(code).toBe(1)
  expect(said.trim()).toMatch(/^.*Status Code isn't 200! \(it is 404\)$/)
})
