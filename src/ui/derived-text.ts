import { inWords } from './figures.ts'

/** Tells how many contacts new mappings of the config changed; nothing where there were none. */
export const derivedText = (contacts: number): string =>
  contacts === 0 ? '' : `New mappings of the config changed ${inWords(contacts, 'contact')}.`
