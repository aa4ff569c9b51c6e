// E-mail addresses as keys: two that differ in case or surrounding blanks are the same mailbox.

/** Returns the address trimmed and lower-cased; may be empty, which matches nobody. */
export const normaliseEmail = (email: string): string => email.trim().toLowerCase()
