// Secrets as they lie in the database: AES-256-GCM, a nonce of its own for each. Guarantee: what was sealed for one
// place (an account's field) opens at that place only, and only with the key that it was sealed with; whether it opens
// is told, never half of it.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const prefix = `${algorithm}:`

/** The sizes that NIST SP 800-38D recommends for GCM, in bytes. */
const nonceBytes = 12
const tagBytes = 16

/** Returns a text sealed for a place. */
export const sealText = (text: string, key: Uint8Array, place: string): string => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return prefix + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
}

/** Tells whether a stored text is sealed. */
export const isSealed = (text: string): boolean => text.startsWith(prefix)

/** Returns the text that was sealed for the place, or null where the key does not open it. */
export const openText = (sealed: string, key: Uint8Array, place: string): string | null => {
  const bytes = Buffer.from(sealed.slice(prefix.length), 'base64')
  if (bytes.length < nonceBytes + tagBytes) return null
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  const opened = decipher.update(bytes.subarray(nonceBytes + tagBytes))
  try {
    return Buffer.concat([opened, decipher.final()]).toString('utf8')
  } catch {
    // The tag does not fit: another key, another place, or bytes that were changed.
    return null
  }
}
