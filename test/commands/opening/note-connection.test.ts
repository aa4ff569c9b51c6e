import { expect, test } from 'vitest'
import { noteConnection } from '../../../src/commands/opening/note-connection.ts'
import type { PipelineStore } from '../../../src/ports/pipeline-store.ts'
import { MemoryStore } from '../../support/memory-store.ts'

test('each commit that is lost on the way is told: a dead process may hold the account', async () => {
  const memory = new MemoryStore([])
  let tried = 0
  const store: PipelineStore = {
    openAccount: (id) => memory.openAccount(id),
    commit: async (commit) => {
      tried += 1
      return tried > 2 && memory.commit(commit)
    },
  }
  let lost = 0
  const onLostCommit = (): void => {
    lost += 1
  }
  await noteConnection('acct_1', 'disconnected', { store, onLostCommit, unixSeconds: 1 })
  expect(lost).toBe(2)
  expect(tried).toBe(3)
})
