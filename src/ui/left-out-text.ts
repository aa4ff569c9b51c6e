import { inDigits, inWords } from './figures.ts'
import { wrap } from './wrap.ts'

/** Accounts that are named. */
const mostNamed = 10

/** Tells which accounts were left out, as they do not let the platform in, and how to ask nevertheless; nothing where none was. */
export const leftOutText = (accounts: readonly string[]): string => {
  const [first] = accounts
  if (first === undefined) return ''
  const omitted = accounts.length - mostNamed
  const more = omitted > 0 ? ` and ${inDigits(omitted)} more` : ''
  const named = `${inWords(accounts.length, 'account')} left out, as cut off: ${accounts.slice(0, mostNamed).join(', ')}${more}.`
  return wrap(`${named} \`billing-sync backfill --account ${first}\` asks whether it is back.`, 0).join('\n')
}
