import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { acceptDelivery } from '../../../src/sources/webhook/accept-delivery.ts'
import { endpointSecretsOf } from '../../../src/sources/webhook/endpoint-secrets.ts'
import { readSignatureHeader } from '../../../src/sources/webhook/signature-header.ts'
import { loadEvent } from '../../support/fixture-files.ts'
import { signatureHeader } from '../../support/stripe/webhook-signature.ts'

const [old, current, connect, own] = ['old', 'current', 'connect', 'own'].map(
  (name) => `whsec_${name}_secret`,
) as [string, string, string, string] // four names, four secrets
const secrets = endpointSecretsOf({
  platform: [old, current, connect],
  accounts: new Map([['acct_own', [own]]]),
})

const now = 1_790_000_000
const event = loadEvent('charge.succeeded.endive')
const bodyOf = (changes: object = {}): Buffer => Buffer.from(JSON.stringify({ ...event, ...changes }))
const body = bodyOf()

const signed = (raw: Buffer, by: string | readonly string[] = current, timestamp = now): string =>
  signatureHeader({ body: raw, secrets: by, timestamp })

const accept = async (header: string | undefined, raw: Buffer, nowSeconds = now) => {
  const signature = readSignatureHeader(header, nowSeconds)
  if (typeof signature === 'string') return signature
  const accepted = await acceptDelivery(signature, raw, {
    secrets: { list: secrets, isComplete: true },
    platformAccount: async () => 'acct_platform',
  })
  return 'refusal' in accepted ? accepted.refusal : accepted
}

/** The header without what starts with a name. */
const without = (name: string, header: string): string =>
  header
    .split(',')
    .filter((entry) => !entry.startsWith(name))
    .join(',')

describe('a signature', () => {
  test.each([
    ['the first secret', old, '1'],
    ['the second secret', current, '2'],
    ['the third secret', connect, '3'],
    ['an unknown and the second', ['whsec_of_somebody_else', current], '2'],
    ['both while one is rolled', [old, current], '1'],
  ])('of %s is taken and told apart', async (_name, by, label) => {
    expect(await accept(signed(body, by), body)).toMatchObject({
      signedBy: label,
      delivery: { payload: body },
    })
  })

  test.each([-300, 0, 300])('that is %i s off the clock is taken', async (offset) => {
    for (const fraction of [0, 0.001, 0.999])
      expect(await accept(signed(body, current, now + offset), body, now + fraction)).toMatchObject({
        signedBy: '2',
      })
  })

  test.each([
    ['stale', -301, 'signature_stale'],
    ['a year old', -31_536_000, 'signature_stale'],
    ['ahead', 301, 'signature_future'],
    ['ten years ahead', 315_360_000, 'signature_future'],
  ])('that is %s is refused', async (_name, offset, refusal) => {
    for (const fraction of [0, 0.999])
      expect(await accept(signed(body, current, now + offset), body, now + fraction)).toBe(refusal)
  })

  test.each([
    ['is missing', undefined, 'signature_missing'],
    ['is empty', '', 'signature_missing'],
    ['is no list', 'nonsense', 'signature_malformed'],
    ['has no time', without('t=', signed(body)), 'signature_malformed'],
    ['has two times', `t=${now},${signed(body)}`, 'signature_malformed'],
    ['has a time that is no number', signed(body).replace(/t=\d+/, 't=NaN'), 'signature_malformed'],
    ['has a time with an exponent', signed(body).replace(/t=\d+/, 't=179e7'), 'signature_malformed'],
    ['has no v1', without('v1=', signed(body)), 'signature_malformed'],
    ['has only the decoy v0', `t=${now},${signed(body).split(',').at(-1)}`, 'signature_malformed'],
    ['has a v1 that is no hex', `t=${now},v1=${'z'.repeat(64)}`, 'signature_malformed'],
    ['has a v1 cut short', signed(body).replace(/(v1=.{62})../, '$1'), 'signature_malformed'],
    ['has a v1 of zeros', `t=${now},v1=${'0'.repeat(64)}`, 'signature_mismatch'],
    ['is of another time', signed(body, current, now - 1).replace(/t=\d+/, `t=${now}`), 'signature_mismatch'],
    ['is of an unknown secret', signed(body, 'whsec_of_somebody_else'), 'signature_mismatch'],
    ['is of a secret with a newline', signed(body, `${current}\n`), 'signature_mismatch'],
    ['is of the empty secret', signed(body, ''), 'signature_mismatch'],
  ])('that %s is refused', async (_name, header, refusal) => {
    expect(await accept(header, body)).toBe(refusal)
  })

  test('of another body is refused, however little it differs', async () => {
    const header = signed(body)
    for (const place of [0, Math.floor(body.length / 2), body.length - 1]) {
      const tampered = Buffer.from(body)
      tampered[place] = (tampered[place] ?? 0) ^ 1
      expect(await accept(header, tampered)).toBe('signature_mismatch')
    }
    expect(await accept(header, Buffer.concat([body, Buffer.from('\n')]))).toBe('signature_mismatch')
    expect(await accept(header, Buffer.concat([Buffer.from('\uFEFF'), body]))).toBe('signature_mismatch')
  })

  test('among ten thousand others is found at little cost', async () => {
    const others = Array.from({ length: 10_000 }, (_, index) => `v1=${index.toString(16).padStart(64, '0')}`)
    const started = performance.now()
    expect(await accept(`t=${now},${others.join(',')}`, body)).toBe('signature_mismatch')
    expect(await accept(`${signed(body)},${others.join(',')}`, body)).toMatchObject({ signedBy: '2' })
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('that the SDK makes is taken, and one taken here the SDK takes', async () => {
    const payload = body.toString()
    const made = Stripe.webhooks.generateTestHeaderString({ payload, secret: current, timestamp: now })
    expect(await accept(made, body)).toMatchObject({ signedBy: '2' })
    expect(Stripe.webhooks.constructEvent(body, signed(body), current, 0).id).toBe(event.id)
  })
})

describe('a signed body', () => {
  const acceptBody = (raw: Buffer, by = current) => accept(signed(raw, by), raw)

  test.each([
    ['empty', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{"id": "evt_1",')],
    ['JSON of another kind', Buffer.from('[1]')],
    ['an object that is no event', Buffer.from('{"id":"ch_1","object":"charge"}')],
    ['an event after a byte order mark', Buffer.concat([Buffer.from('\uFEFF'), body])],
    ['an event without an id', bodyOf({ id: undefined })],
    ['an event whose id is a query', bodyOf({ id: { $gt: '' } })],
    ['an event whose account is a query', bodyOf({ account: { $ne: null } })],
    ['an event of a type that is a list', bodyOf({ type: ['charge.updated'] })],
    ['nested a hundred thousand deep', Buffer.from('['.repeat(100_000))],
  ])('that is %s is refused', async (_name, raw) => {
    expect(await acceptBody(raw)).toBe('event_invalid')
  })

  test('is of the account that it names', async () => {
    expect(await acceptBody(body)).toMatchObject({ delivery: { account: event.account } })
  })

  test('that names no account is the platform’s', async () => {
    expect(await acceptBody(bodyOf({ account: undefined }))).toMatchObject({
      delivery: { account: 'acct_platform' },
    })
  })

  test('of an account’s own endpoint is that account’s', async () => {
    const own1 = { signedBy: 'account', delivery: { account: 'acct_own' } }
    expect(await acceptBody(bodyOf({ account: undefined }), own)).toMatchObject(own1)
    expect(await acceptBody(bodyOf({ account: 'acct_own' }), own)).toMatchObject(own1)
  })

  test('that contradicts the endpoint’s owner is refused', async () => {
    expect(await acceptBody(body, own)).toBe('account_mismatch')
  })

  test('of the thin family is taken, its account out of the context', async () => {
    const thin = {
      id: 'evt_thin_1',
      object: 'v2.core.event',
      type: 'v1.charge.refunded',
      created: '2026-09-21T14:13:20.000Z',
      livemode: true,
      context: 'acct_platform/acct_child',
      related_object: { id: 'ch_1', type: 'charge', url: '/v1/charges/ch_1' },
    }
    expect(await acceptBody(Buffer.from(JSON.stringify(thin)))).toMatchObject({
      delivery: { account: 'acct_child' },
    })
  })

  test.each([
    ['Stripe is away', 'platform_unknown', new TypeError('Stripe is away')],
    ['MongoDB is', 'mongodb_unavailable', new BillingSyncError('mongodb_unavailable', { reason: 'away' })],
  ])('waits for nobody where the platform is not known because %s', async (_what, refusal, error) => {
    const raw = bodyOf({ account: undefined })
    const signature = readSignatureHeader(signed(raw), now)
    if (typeof signature === 'string') throw new TypeError(signature)
    const platformAccount = () => Promise.reject(error)
    const known = { list: secrets, isComplete: true }
    expect(await acceptDelivery(signature, raw, { secrets: known, platformAccount })).toMatchObject({
      refusal,
      event: { id: event.id },
    })
  })
})

test('a signature of nobody known so far has to wait until all secrets are known', async () => {
  const signature = readSignatureHeader(signed(body, 'whsec_of_a_stored_row'), now)
  if (typeof signature === 'string') throw new TypeError(signature)
  const known = { list: secrets, isComplete: false }
  const platformAccount = async () => 'acct_platform'
  expect(await acceptDelivery(signature, body, { secrets: known, platformAccount })).toEqual({
    refusal: 'mongodb_unavailable',
    event: null,
  })
})

test('a listener without any secret is a configuration error', () => {
  expect(() => endpointSecretsOf({ platform: [], accounts: new Map() })).toThrowError(
    expect.objectContaining({ code: 'config_invalid', exitCode: 2 }),
  )
})

test.each([
  ['the platform and an account', { platform: [own], accounts: new Map([['acct_1', [current, own]]]) }],
  [
    'two accounts',
    {
      platform: [current],
      accounts: new Map([
        ['acct_1', [own]],
        ['acct_2', [own]],
      ]),
    },
  ],
])('a secret of %s is a configuration error that does not show it', (_owners, shared) => {
  expect(() => endpointSecretsOf(shared)).toThrowError(
    expect.objectContaining({ code: 'config_invalid', message: expect.not.stringContaining(own) }),
  )
})

test('a secret that its owner lists twice is no error', () => {
  const twice = { platform: [old, old], accounts: new Map([['acct_1', [own, own]]]) }
  expect(endpointSecretsOf(twice)).toHaveLength(4)
})
