// Which account the platform is: told by the configuration, kept in the database, or asked of Stripe.

import type { Config } from '../../config/config.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Database } from '../../store/database.ts'
import { decidePlatform, type PlatformSource } from '../../store/platform-account.ts'
import type { HandlingRequest, HandlingStore } from './open-store.ts'
import { openPlatformQuestion } from './open-stripe-access.ts'
import { PlatformTrouble } from './platform-trouble.ts'

export interface Platform {
  /** Answers the account of events that name none: Stripe is asked only while nobody else knows. */
  readonly platformAccount: () => Promise<string>
  /**
   * Answers the same, once Stripe was asked whose key it is; what is known holds where it gives no answer. Throws
   * `config_invalid` where the key is another platform's.
   */
  readonly platformOfKey: () => Promise<string>
  /** What keeps it from being known. */
  readonly platformTrouble: PlatformTrouble
}

interface DecidedPlatform {
  /** True where it is known which one it is. */
  readonly isKnown: boolean
  /** Returns what answers it, given what keeps it in the database. */
  readonly resolvedBy: (resolve: HandlingStore['resolvePlatform']) => Platform
}

type PlatformRequest = Pick<HandlingRequest, 'asksPlatform' | 'signal' | 'onServed'>

/**
 * Decides which account it is where that can or has to be known at once. It writes nothing, so that a start of another
 * platform's is refused before it has touched this one's accounts. Throws `config_invalid`.
 */
export const openPlatform = async (
  config: Config,
  { db }: Pick<Database, 'db'>,
  { asksPlatform = false, signal, onServed = null }: PlatformRequest,
): Promise<DecidedPlatform> => {
  const source = { configured: config.platformAccount, ask: openPlatformQuestion(config, onServed, signal) }
  const isKnown = source.configured !== undefined || asksPlatform
  const configured = isKnown ? await decideFirst(db, { ...source, usesKey: true }, signal) : undefined
  return {
    isKnown,
    resolvedBy: (resolve) => {
      const platformTrouble = new PlatformTrouble()
      const platformAccount = keepingAnswer(() =>
        platformTrouble.watch(() => resolve({ ...source, configured })),
      )
      const platformOfKey = keepingAnswer(async () => {
        const account = await platformAccount()
        // What was decided at first was asked about then.
        if (!isKnown) await decidePlatform(db, { ...source, usesKey: true })
        return account
      })
      return { platformAccount, platformOfKey, platformTrouble }
    },
  }
}

// Who has to know it can do nothing without: a failure to tell is one of the configuration, unless a signal ended the wait.
const decideFirst = async (
  db: Database['db'],
  source: PlatformSource,
  signal: AbortSignal | undefined,
): Promise<string> => {
  try {
    return (await decidePlatform(db, source)).account
  } catch (error) {
    if (signal?.aborted === true) throw error
    if (!(error instanceof BillingSyncError) || !error.code.startsWith('stripe_')) throw error
    const problem = `the platform's own account could not be asked of Stripe (${error.message}); set it, or mend that`
    throw new BillingSyncError('config_invalid', { source: 'STRIPE_ACCOUNT_ID', problem }, { cause: error })
  }
}

// Whoever asks after a failure may get an answer.
const keepingAnswer = (ask: () => Promise<string>): (() => Promise<string>) => {
  let answer: Promise<string> | null = null
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = null
      throw error
    })
    return answer
  }
}
