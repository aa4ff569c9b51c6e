import { EventEmitter, once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BillingSyncError } from '../../../src/errors.ts'
import { until } from '../../support/until.ts'
import {
  mongodPid,
  open,
  temporaryFolder,
  temporaryServer,
  withClient,
  wrapMongod,
} from './running-server.ts'

test('a server that could not be started again, as on a full disk, comes back at its address once it can be', async () => {
  const full = join(await temporaryFolder(), 'full')
  const options = await temporaryServer({
    mongodPath: await wrapMongod(`[ -e ${full} ] && exit 14\nexec MONGOD "$@"`),
  })
  const told = new EventEmitter<{ away: [BillingSyncError] }>()
  const held = await open({ ...options, onAway: (error) => told.emit('away', error) })
  const mongod = await mongodPid(held.uri)
  const away = once(told, 'away')
  await writeFile(full, '')
  process.kill(mongod, 'SIGKILL')
  expect(await away).toMatchObject([{ code: 'mongod_failed' }])
  await once(told, 'away') // and does not give up
  await rm(full)
  const isBack = () =>
    withClient(held.uri, (client) => client.db('admin').command({ ping: 1 })).then(
      () => true,
      () => false,
    )
  await until(isBack, 'the server at its address')
})
