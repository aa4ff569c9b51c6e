import { beforeAll, expect, test } from 'vitest'
import { accountsWithContactsDue, customersAfter } from '../../src/store/contacts-due.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const rows = (name: string) => db.collection<{ _id: string }>(name)

const stored = (account: string, id: string) => ({
  _id: `${account}:${id}`,
  ...{ stripe_user_id: account, stripe_id: id },
})
const linked = (account: string, id: string) => ({
  _id: `${account} ${id}`,
  ...{ stripe_user_id: account, stripe_customer_id: id },
})

beforeAll(async () => {
  await rows('billing.customers').insertMany([
    ...['cus_d', 'cus_b', 'cus_ü', 'cus_😀', 'cus_ﬀ'].map((id) => stored('acct_1', id)),
    ...['cus_a', 'cus_c'].map((id) => stored('acct_10', id)),
  ])
  await rows('crm.contacts').insertMany([
    ...['cus_e', 'cus_b', 'cus_a'].map((id) => linked('acct_1', id)),
    { ...linked('acct_1', 'x'), stripe_customer_id: null } as never,
    linked('acct_2', 'cus_c'),
  ])
})

test('pages of any size name every customer of one account once', async () => {
  for (const most of [1, 2, 3, 100]) {
    const seen: string[] = []
    for (;;) {
      const page = await customersAfter(db, { account: 'acct_1', after: seen.at(-1) ?? '', most })
      if (page.length === 0) break
      expect(page.length).toBeLessThanOrEqual(most)
      seen.push(...page)
    }
    expect(seen).toEqual(['cus_a', 'cus_b', 'cus_d', 'cus_e', 'cus_ü', 'cus_ﬀ', 'cus_😀'])
  }
})

test('accounts are named only where contacts are due', async () => {
  await rows('billing.accounts').insertMany([
    { _id: 'acct_2', contacts_due: { after: '', mapped_before: [] } },
    { _id: 'acct_1', contacts_due: { after: 'cus_1', mapped_before: [] } },
    { _id: 'acct_3' },
  ] as never[])
  expect(await accountsWithContactsDue(db)).toEqual(['acct_1', 'acct_2'])
})
