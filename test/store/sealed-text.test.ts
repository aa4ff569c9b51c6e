import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSealed, openText, sealText } from '../../src/store/sealed-text.ts'

const key = Buffer.alloc(32, 1)
const place = 'acct_1:access_token'

describe('a sealed text', () => {
  test('opens to what it was, whatever that is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const sealed = sealText(text, key, place)
        expect(isSealed(sealed)).toBe(true)
        expect(openText(sealed, key, place)).toBe(Buffer.from(text).toString())
      }),
    )
  })

  test('shows nothing of the text and is never the same twice', () => {
    const sealed = [sealText('sk_test_sekret', key, place), sealText('sk_test_sekret', key, place)]
    expect(sealed[0]).not.toBe(sealed[1])
    expect(Buffer.from(sealed.join().replaceAll('aes-256-gcm:', ''), 'base64').toString()).not.toContain(
      'sekret',
    )
  })

  test.each([
    ['another key', Buffer.alloc(32, 2), place],
    ['another account', key, 'acct_2:access_token'],
    ['another field', key, 'acct_1:webhook_secrets'],
  ])('stays shut for %s', (_, otherKey, otherPlace) => {
    expect(openText(sealText('sk_test_1', key, place), otherKey, otherPlace)).toBeNull()
  })

  test('stays shut once a single bit of it was changed', () => {
    const sealed = sealText('sk_test_1', key, place)
    const bytes = Buffer.from(sealed.slice('aes-256-gcm:'.length), 'base64')
    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(openText(`aes-256-gcm:${changed.toString('base64')}`, key, place)).toBeNull()
    }
  })

  test.each(['aes-256-gcm:', 'aes-256-gcm:AAAA', 'aes-256-gcm:!'])(
    'that was cut off stays shut: %s',
    (cut) => {
      expect(openText(cut, key, place)).toBeNull()
    },
  )

  test('is told from one that is not', () => {
    expect(['sk_test_1', 'whsec_1', ''].map(isSealed)).toEqual([false, false, false])
  })
})
