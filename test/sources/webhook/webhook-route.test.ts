import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { endpointSecretsOf } from '../../../src/sources/webhook/endpoint-secrets.ts'
import { openListener } from '../../../src/sources/webhook/listener.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { deliver } from '../../support/stripe/deliver.ts'

const secret = 'whsec_of_the_platform'

test('what the wait for the platform took is no longer there for the insert', async () => {
  const given: number[] = []
  const { url, stop } = await openListener({
    host: '127.0.0.1',
    port: 0,
    webhooks: {
      maxBodyBytes: 1_000_000,
      secrets: () => ({
        list: endpointSecretsOf({ platform: [secret], accounts: new Map() }),
        isComplete: true,
      }),
      platformAccount: () => wait(100, 'acct_platform'),
      receive: async (_delivery, patienceMs) => {
        given.push(patienceMs)
        return 'stored'
      },
      listener: { onAcknowledged: () => undefined, onRefused: () => undefined },
    },
    operations: {
      readiness: async () => ({ problem: null, degraded: [] }),
      metrics: { contentType: 'text/plain', text: async () => '' },
      metricsToken: undefined,
    },
  })
  onTestFinished(() => stop(0).then(() => undefined))
  const { account: _account, ...event } = numberedEvent(1)
  const [answer] = await deliver([event], { url: `${url}/webhooks/stripe`, secret })
  expect(answer?.status).toBe(200)
  // In all they have 2.5 s; a timer may be a millisecond early.
  expect(given[0]).toBeLessThanOrEqual(2_500 - 99)
})
