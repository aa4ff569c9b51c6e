import { describe, expect, test } from 'vitest'
import { leaksIn } from './leaks.ts'

const silent = { args: ['replay', 'a.json'], env: {}, stdout: '', stderr: '' }

describe('what a process printed', () => {
  test.each([
    ['STRIPE_WEBHOOK_SECRET', 'whsec_first, whsec_second', 'signed by whsec_second'],
    ['STRIPE_SECRET_KEY', 'sk_test_platform', '{"key":"sk_test_platform"}'],
    ['METRICS_TOKEN', 'token-of-metrics', 'Bearer token-of-metrics'],
    ['REDIS_URL', 'redis://:sesame@127.0.0.1:1', 'no answer from redis://:sesame@127.0.0.1:1'],
    ['MONGODB_URI', 'mongodb://ann:sesame@127.0.0.1/x', 'sesame'],
    ['MONGODB_URI', 'mongodb://ann:open%2Fsesame@127.0.0.1/x', 'ann:open%2Fsesame'],
    ['MONGODB_URI', 'mongodb://ann:open%2Fsesame@127.0.0.1/x', 'open/sesame'],
  ])('leaks the secret of %s', (name, value, stderr) => {
    expect(leaksIn({ ...silent, env: { [name]: value }, stderr })).toHaveLength(1)
    expect(leaksIn({ ...silent, env: { [name]: value }, stdout: stderr })).toHaveLength(1)
    expect(leaksIn({ ...silent, env: { [name]: value } })).toEqual([])
  })

  test('leaks the password of a connection string that was typed', () => {
    const args = ['replay', 'a.json', '--mongodb-uri', 'mongodb://ann:sesame@127.0.0.1/x']
    expect(leaksIn({ ...silent, args, stderr: 'ann:sesame' })).toHaveLength(1)
  })

  test.each(['bobby.tables@example.org', 'Robert "Bobby" Tables', '+1 555 010 0199', '1 Injection Way'])(
    'leaks a person of the fixtures: %s',
    (personal) => {
      expect(leaksIn({ ...silent, stderr: `failed for ${personal}` })).toHaveLength(1)
    },
  )

  test('may show fields that a dry run would change, but not in its log', () => {
    const args = [...silent.args, '--dry-run']
    expect(leaksIn({ ...silent, args, stdout: 'bobby.tables@example.org' })).toEqual([])
    expect(leaksIn({ ...silent, args, stderr: 'bobby.tables@example.org' })).toHaveLength(1)
  })
})
