import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { program } from '../support/billing-sync.ts'
import { openDatabaseForTest } from '../support/database.ts'
import { until } from '../support/until.ts'

test('what the played Stripe says to type brings its accounts in', async () => {
  const { db, uri } = await openDatabaseForTest()
  const stripe = execa(process.execPath, ['--import', 'tsx', 'test/support/stripe/play.ts'], {
    reject: false,
  })
  onTestFinished(() => void stripe.kill())
  let said = ''
  stripe.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await until(() => said.includes('--verify\n'), 'what to type')
  const env = Object.fromEntries(
    [...said.matchAll(/(STRIPE_\w+)=(\S+)/g)].map(([, name, value]): [string, string] => [
      String(name),
      String(value),
    ]),
  )
  const typed = [...said.matchAll(/billing-sync\.js (.+)/g)].map(([, args]) => String(args).split(' '))
  expect(typed).toHaveLength(2)
  for (const args of typed)
    await execa(process.execPath, [program, ...args, '--mongodb-uri', uri], {
      env: { ...env, MONGODB_URI: '' },
    })
  const customers = db.collection('billing.customers')
  expect(await customers.countDocuments()).toBe(300)
  // README maps it into contacts.
  expect(await customers.countDocuments({ 'metadata.plan': { $type: 'string' } })).toBe(300)
})
