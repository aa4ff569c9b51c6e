import { once } from 'node:events'
import type { Binary } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Delivery, Receipt } from '../../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { Intake, type IntakeListener } from '../../../src/store/intake/intake.ts'
import { WriteGate } from '../../../src/store/intake/write-gate.ts'
import { openTestDatabase } from '../../support/database.ts'
import { deliveryOf, deliveryOfText, fixtureAccount, numberedEvent } from '../../support/deliveries.ts'

const { client, db } = await openTestDatabase({ monitorCommands: true })
await ensureCollections(db)
const rows = db.collection<{ _id: string; payload: Binary }>('billing.events')

const groups: number[] = []
client.on('commandStarted', ({ commandName, command }) => {
  if (commandName === 'insert') groups.push(command.documents.length)
})

beforeEach(async () => {
  await rows.deleteMany({})
  groups.length = 0
})

interface Heard {
  readonly stored: ReadonlySet<string>[]
  readonly conflicts: string[]
}

const openIntake = (isFull = false): { intake: Intake; heard: Heard; added: () => number } => {
  const heard: Heard = { stored: [], conflicts: [] }
  let added = 0
  const listener: IntakeListener = {
    onStored: (accounts) => heard.stored.push(accounts),
    onConflict: ({ event }) => heard.conflicts.push(event.id),
  }
  const gate = new WriteGate(db, { onClosed: () => undefined, onOpened: () => undefined })
  const backlog = {
    isFull,
    add: () => {
      added += 1
    },
  }
  return { intake: new Intake({ db, gate, backlog, listener }), heard, added: () => added }
}

/** Longer than any answer takes. */
const patienceMs = 30_000

const receiveAll = (intake: Intake, deliveries: readonly Delivery[]): Promise<readonly Receipt[]> =>
  Promise.all(deliveries.map((delivery) => intake.receive(delivery, patienceMs)))

const numbered = (count: number, padding = 0): readonly Delivery[] =>
  Array.from({ length: count }, (_, index) =>
    deliveryOf(numberedEvent(index + 1, { changes: { description: 'x'.repeat(padding) } })),
  )

describe('deliveries of new events', () => {
  test('are stored as they came, pending, from a webhook', async () => {
    const { intake, heard, added } = openIntake()
    const text = ` ${JSON.stringify(numberedEvent(1), null, 2)}\n`
    expect(await intake.receive(deliveryOfText(text), patienceMs)).toBe('stored')
    const row = await rows.findOne()
    expect(row).toMatchObject({
      _id: `${fixtureAccount}:evt_1`,
      source: 'webhook',
      status: 'pending',
      attempts: 0,
      next_attempt_at: null,
    })
    expect(Buffer.from(row?.payload.buffer ?? []).toString()).toBe(text)
    expect(heard.stored).toEqual([new Set([fixtureAccount])])
    expect(added()).toBe(1)
  })

  test('collect while one insert is under way', async () => {
    const { intake } = openIntake()
    const [first, ...others] = numbered(300)
    const isUnderWay = once(client, 'commandStarted')
    const stored = intake.receive(first as Delivery, patienceMs) // there are 300
    await isUnderWay
    const receipts = [await receiveAll(intake, others), await stored].flat()
    expect(receipts.every((receipt) => receipt === 'stored')).toBe(true)
    expect(groups).toEqual([1, 299])
  })

  test('go together where they come together', async () => {
    const { intake } = openIntake()
    await receiveAll(intake, numbered(300))
    expect(groups).toEqual([300])
  })

  test('are cut into groups of five hundred rows', async () => {
    const { intake } = openIntake()
    await receiveAll(intake, numbered(1_200))
    expect(groups).toEqual([500, 500, 200])
    expect(await rows.countDocuments()).toBe(1_200)
  })

  test('are cut into groups of eight MiB', async () => {
    const { intake } = openIntake()
    await receiveAll(intake, numbered(8, 3 * 1024 * 1024))
    expect(groups).toEqual([2, 2, 2, 2])
  })

  test('are refused beyond thirty-two MiB that wait', async () => {
    const { intake } = openIntake()
    const receipts = await receiveAll(intake, numbered(14, 3 * 1024 * 1024))
    expect(receipts.filter((receipt) => receipt === 'too_busy')).toHaveLength(4)
    expect(await rows.countDocuments()).toBe(10)
    expect(await receiveAll(intake, numbered(14).slice(10))).toEqual(Array(4).fill('stored'))
  })

  test('are refused while too many wait to be handled', async () => {
    const { intake } = openIntake(true)
    expect(await receiveAll(intake, numbered(2))).toEqual(['backlog_full', 'backlog_full'])
    expect(await rows.countDocuments()).toBe(0)
  })
})

describe('deliveries of a known event', () => {
  const delivery = deliveryOf(numberedEvent(1))

  test('are duplicates that leave the row as it is', async () => {
    const { intake, heard, added } = openIntake()
    await intake.receive(delivery, patienceMs)
    await rows.updateOne({}, { $set: { status: 'done', attempts: 2 } })
    const before = await rows.findOne()
    expect(await intake.receive(delivery, patienceMs)).toBe('duplicate')
    await intake.drain()
    expect(await rows.findOne()).toEqual(before)
    expect(heard).toEqual({ stored: [new Set([fixtureAccount])], conflicts: [] })
    expect(added()).toBe(1)
  })

  test('share one row with the first where they come together', async () => {
    const { intake } = openIntake()
    const receipts = await receiveAll(intake, [deliveryOf(numberedEvent(2)), ...Array(50).fill(delivery)])
    expect(receipts).toEqual(['stored', 'stored', ...Array(49).fill('duplicate')])
    expect(groups).toEqual([2])
  })

  test('stand beside new ones in one group', async () => {
    const { intake } = openIntake()
    await intake.receive(delivery, patienceMs)
    const receipts = await receiveAll(
      intake,
      [9, 3, 1, 2].map((number) => deliveryOf(numberedEvent(number))),
    )
    expect(receipts).toEqual(['stored', 'stored', 'duplicate', 'stored'])
  })

  test('count as a conflict where they hold another event', async () => {
    const { intake, heard } = openIntake()
    await intake.receive(delivery, patienceMs)
    const other = deliveryOf({ ...numberedEvent(1), type: 'charge.updated' })
    expect(await intake.receive(other, patienceMs)).toBe('duplicate')
    await intake.drain()
    expect(heard.conflicts).toEqual(['evt_1'])
    expect(await rows.findOne()).toMatchObject({ type: 'charge.succeeded' })
  })

  test('are no conflict for other white space, key order or pending_webhooks', async () => {
    const { intake, heard } = openIntake()
    await intake.receive(delivery, patienceMs)
    const { id, ...rest } = numberedEvent(1)
    await intake.receive(
      deliveryOfText(JSON.stringify({ ...rest, pending_webhooks: 7, id }, null, 1)),
      patienceMs,
    )
    await intake.drain()
    expect(heard.conflicts).toEqual([])
  })

  test('of another account are events of their own', async () => {
    const { intake } = openIntake()
    const other = deliveryOf({ ...numberedEvent(1), account: 'acct_other' })
    expect(await receiveAll(intake, [delivery, other])).toEqual(['stored', 'stored'])
  })
})
