import { expect, test } from 'vitest'
import { ensureCollections } from '../../../src/store/collections.ts'
import { Intake } from '../../../src/store/intake/intake.ts'
import { WriteGate } from '../../../src/store/intake/write-gate.ts'
import { deliveryOf, numberedEvent } from '../../support/deliveries.ts'
import { startFaultServer } from '../../support/fault-server.ts'

const { db, fail, relent } = await startFaultServer()
await ensureCollections(db)

test('new deliveries do not wait for the comparison of an earlier one', async () => {
  const intake = new Intake({
    ...{ db, gate: new WriteGate(db, { onClosed: () => undefined, onOpened: () => undefined }) },
    backlog: { isFull: false, add: () => undefined },
    listener: { onStored: () => undefined, onConflict: () => undefined },
  })
  const receive = (number: number) => intake.receive(deliveryOf(numberedEvent(number)), 1_000)
  expect(await receive(1)).toBe('stored')
  await fail(['find'], { blockConnection: true, blockTimeMS: 10_000 })
  expect(await receive(1)).toBe('duplicate')
  expect([await receive(2), await receive(3)]).toEqual(['stored', 'stored'])
  await relent()
  await intake.drain()
})
