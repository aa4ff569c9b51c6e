// A batch that is worked out while the commit of the one before it is under way.

import { expect, test } from 'vitest'
import { foldObservation } from '../../src/core/projection.ts'
import { documentOf } from '../../src/core/projection-document.ts'
import { changeSetOf } from '../../src/unit-of-work/change-set.ts'
import { commitTime } from '../support/event-deliveries.ts'
import { observed, projected } from '../support/observed.ts'
import { openCountedWork } from '../support/read-counting.ts'

test('a projection has the source stored which the batch before it saw and did not write', async () => {
  const content = { id: 'ch_1', status: 'pending' }
  const stored = projected('charge', content, { firstStoredAt: commitTime })
  const documents = { 'billing.charges': [{ ...documentOf('acct_1', stored, commitTime) }] }
  const { work: earlier } = await openCountedWork(documents)
  const known = await earlier.projections.charge.get('ch_1')
  if (known === null) throw new Error('it was stored')
  const seen = { at: 1, content, source: 'webhook' } as const
  earlier.projections.charge.put(foldObservation(known, observed(seen)))
  expect(changeSetOf(earlier).writes).toEqual([])
  const { work } = await openCountedWork(documents, { after: earlier })
  const before = await work.projections.charge.get('ch_1')
  work.projections.charge.put(foldObservation(before, observed({ ...seen, at: 2 })))
  expect(changeSetOf(work).writes).toMatchObject([{ kind: 'update', set: { 'sync.source': 'webhook' } }])
})
