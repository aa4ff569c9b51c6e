import { inWords } from './figures.ts'

/** Tells how many contacts new mappings of the config changed, or in a dry run would change; nothing where there were none. */
export const derivedText = (contacts: number, { isDry }: { readonly isDry: boolean }): string =>
  contacts === 0
    ? ''
    : `New mappings of the config ${isDry ? 'would change' : 'changed'} ${inWords(contacts, 'contact')}.`
