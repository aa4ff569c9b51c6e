import { expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID } from '../../support/stripe/world.ts'

const { uri } = await openTestDatabase()

test('a key that does not tell its mode is told not to find what is gone, by a backfill and by an audit', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  const [gone = ''] = [account.seed('customer', {}), account.seed('customer', {})]
  world.clock.run()
  const args = ['--account', 'acct_1', '--resource', 'customers']
  const place = { uri, url: server.url }
  await fillMirror(args, place)
  account.delete('customer', gone)
  const secretKey = world.addKey('proxy-key-1', { accountId: PLATFORM_ID, mode: 'test' })
  const { exitCode, stderr } = await runBackfill(args, { ...place, secretKey })
  expect(exitCode).toBe(0)
  const warned = stderr.split('\n').filter((line) => line.includes('the key does not tell its mode'))
  expect(warned.map((line) => JSON.parse(line))).toMatchObject([{ level: 40, account: 'acct_1' }])
  const { child } = await startBackfill([...args, '--verify'], { ...place, secretKey })
  const text = (await child).stdout.replaceAll(/\s+/g, ' ')
  expect(text).toContain('The key does not tell its mode: what is stored and no longer listed')
  expect(text).toContain('The mirror and Stripe agree in what was compared.')
  const told = await startBackfill([...args, '--verify'], place)
  const { exitCode: differs, stdout } = await told.child
  expect([differs, stdout.includes('does not tell its mode')]).toEqual([1, false])
})
