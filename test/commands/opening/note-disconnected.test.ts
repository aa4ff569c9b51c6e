import { expect, test } from 'vitest'
import { noteDisconnected } from '../../../src/commands/opening/note-disconnected.ts'
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
  await noteDisconnected(store, 'acct_1', () => {
    lost += 1
  })
  expect(lost).toBe(2)
  expect(tried).toBe(3)
})
