import { expect, test } from 'vitest'
import { ensureCollections } from '../../../src/store/collections.ts'
import { Intake } from '../../../src/store/intake/intake.ts'
import { WriteGate } from '../../../src/store/intake/write-gate.ts'
import { deliveryOf, fixtureAccount, numberedEvent } from '../../support/deliveries.ts'
import { startFaultServer } from '../../support/fault-server.ts'

const { db, fail, relent } = await startFaultServer()
await ensureCollections(db)

const openIntake = () => {
  const told: ReadonlySet<string>[] = []
  const intake = new Intake({
    ...{ db, gate: new WriteGate(db, { onClosed: () => undefined, onOpened: () => undefined }) },
    backlog: { isFull: false, add: () => undefined },
    listener: { onStored: (accounts) => told.push(accounts), onConflict: () => undefined },
  })
  const receive = (number: number) => intake.receive(deliveryOf(numberedEvent(number)), 1_000)
  return { intake, told, receive }
}

test('new deliveries do not wait for the comparison of an earlier one', async () => {
  const { intake, receive } = openIntake()
  expect(await receive(1)).toBe('stored')
  await fail(['find'], { blockConnection: true, blockTimeMS: 3_000 })
  expect(await receive(1)).toBe('duplicate')
  expect([await receive(2), await receive(3)]).toEqual(['stored', 'stored'])
  await relent()
  await intake.drain()
})

test('what an insert stored whose answer was lost is told of by the next attempt', async () => {
  const { intake, told, receive } = openIntake()
  await fail(['insert'], { writeConcernError: { code: 91, errmsg: 'shutting down' } }, 1)
  expect(await receive(4)).toBe('duplicate')
  expect(told).toEqual([new Set([fixtureAccount])])
  expect(await receive(4)).toBe('duplicate')
  expect(told).toHaveLength(1)
  await intake.drain()
})
