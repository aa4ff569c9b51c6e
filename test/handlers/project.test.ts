import { describe, expect, test } from 'vitest'
import type { Observation } from '../../src/core/observation.ts'
import { contentOf } from '../../src/core/projection.ts'
import { changesRelatives, project, putCanonical } from '../../src/handlers/project.ts'
import { changeSetOf } from '../../src/unit-of-work/change-set.ts'
import type { UnitOfWork } from '../../src/unit-of-work/unit-of-work.ts'
import { observed } from '../support/observed.ts'
import { openCountedWork } from '../support/read-counting.ts'

const seen = observed({ at: 1, content: { id: 'ch_1', status: 'pending' } })

describe('projecting an observation', () => {
  test('answers the projection before and after it', async () => {
    const { work } = await openCountedWork()
    const first = await project(work, seen)
    expect(first.before).toBeNull()
    const later = await project(work, observed({ at: 2, content: { id: 'ch_1', status: 'succeeded' } }))
    expect(later.before).toBe(first.after)
    expect(contentOf(later.after)).toEqual({ id: 'ch_1', status: 'succeeded' })
  })

  test('puts it where the rest of the batch finds it', async () => {
    const { work } = await openCountedWork()
    const { after } = await project(work, seen)
    expect(await work.projections.charge.get('ch_1')).toBe(after)
  })
})

const isChangedBy = async (work: UnitOfWork, observation: Observation): Promise<boolean> =>
  changesRelatives(await project(work, observation), observation)

describe('what relatives depend on', () => {
  test('is unchanged when an observation comes again, or says the same later', async () => {
    const { work } = await openCountedWork()
    await project(work, seen)
    expect(await isChangedBy(work, seen)).toBe(false)
    expect(await isChangedBy(work, { ...seen, moment: 99, eventId: 'evt_99' })).toBe(false)
  })

  test('changes when an object is new, differs, or names a relative', async () => {
    const { work } = await openCountedWork()
    expect(await isChangedBy(work, seen)).toBe(true)
    const differs = observed({ at: 2, content: { id: 'ch_1', status: 'succeeded' } })
    expect(await isChangedBy(work, differs)).toBe(true)
    const stale = observed({ at: 1, eventId: 'evt_stale', links: { ...seen.links, invoices: ['in_1'] } })
    expect(await isChangedBy(work, stale)).toBe(true)
  })

  test('counts as changed after a read, which mends what somebody else wrote', async () => {
    const { work } = await openCountedWork()
    await project(work, seen)
    expect(await isChangedBy(work, { ...seen, moment: 98, eventId: null, readSeq: 1 })).toBe(true)
  })

  test('changes when a cut list became complete', async () => {
    const { work } = await openCountedWork()
    const refunds = (has_more: boolean) => ({ id: 'ch_1', refunds: { object: 'list', data: [], has_more } })
    await project(work, observed({ at: 5, content: refunds(true) }))
    expect(await isChangedBy(work, observed({ at: 1, content: refunds(false) }))).toBe(true)
  })
})

describe('putting canonical fields', () => {
  test('tells whether they changed and writes only then', async () => {
    const { work } = await openCountedWork()
    const { after } = await project(work, seen)
    expect(putCanonical(work, after, { invoice: 'in_1' })).toBe(true)
    const changed = await work.projections.charge.get('ch_1')
    expect(changed?.canonical).toEqual({ invoice: 'in_1' })
    expect(putCanonical(work, changed ?? after, { invoice: 'in_1' })).toBe(false)
  })

  test('leaves a tombstone without content alone', async () => {
    const { work } = await openCountedWork()
    const { after } = await project(work, observed({ at: 1, content: null, deletes: true }))
    expect(putCanonical(work, after, { invoice: 'in_1' })).toBe(false)
    expect(changeSetOf(work).writes).toHaveLength(1)
    expect(await work.projections.charge.get('ch_1')).toBe(after)
  })
})
