import { expect, test } from 'vitest'
import { hostsOf } from '../../src/store/server-place.ts'

test.each([
  ['mongodb://127.0.0.1:27017/billing_sync?replicaSet=rs0', '127.0.0.1:27017'],
  ['mongodb://a.example:1,b.example:2', 'a.example:1,b.example:2'],
  ['mongodb://user:sekret@db/x', 'db'],
  ['mongodb://user@[::1]:27017?tls=true', '[::1]:27017'],
  ['mongodb+srv://user:se%40cret@cluster.example.org/', 'cluster.example.org'],
])('the hosts of %s are %s', (uri, hosts) => {
  expect(hostsOf(uri)).toBe(hosts)
})

test.each([
  'mongodb://user:se/kret@db/x',
  'mongodb://user:se?kret@db/x',
  'mongodb://user:se@kret@db/x',
  'mongodb://us:er:sekret@db/x',
  'mongodb://us/er:sekret@db/x',
  'mongodb://db/x?tlsCertificateKeyFilePassword=se@kret',
  'mongodb://%2Ftmp%2Fmongodb.sock/x',
  '',
])('no hosts are told of %s', (uri) => {
  expect(hostsOf(uri)).toBeNull()
})
