// The whole played Stripe without HTTP: a platform, the accounts connected to it, each in live and in test mode, the
// keys that open them, and one clock.
import { ENDIVE } from './api-version.ts'
import { type Clock, clockAt, machineSeconds } from './clock.ts'
import type { EventRecord } from './event-record.ts'
import { idMaker } from './ids.ts'
import { type Mode, ModeState } from './mode-state.ts'
import { StripeAccount } from './stripe-account.ts'

export const PLATFORM_ID = 'acct_platform'
/** The platform's own keys; every world has them. */
export const PLATFORM_KEYS = { live: 'sk_live_platform', test: 'sk_test_platform' } as const

/** What a secret key opens. */
export interface ApiKey {
  readonly accountId: string
  readonly mode: Mode
  /** Resources that a restricted key may not read, as in the path: `charges`, `invoice_payments`. */
  readonly forbidden: ReadonlySet<string>
}

export interface WorldOptions {
  /** Where the clock stands at first, in unix seconds; default the machine's time. */
  readonly startAt?: number
  /** Default API version of accounts; default endive. */
  readonly apiVersion?: string
  /** Mode that `account` and `platform` mean when none is named; default test. */
  readonly mode?: Mode
}

interface AccountEntry {
  readonly modes: Readonly<Record<Mode, StripeAccount>>
  apiVersion: string
  isLinked: boolean
}

export class World {
  readonly clock: Clock
  readonly #accounts = new Map<string, AccountEntry>()
  readonly #keys = new Map<string, ApiKey>()
  readonly #newId = idMaker()
  readonly #apiVersion: string
  readonly #mode: Mode

  constructor({ startAt = machineSeconds(), apiVersion = ENDIVE, mode = 'test' }: WorldOptions = {}) {
    this.clock = clockAt(startAt)
    this.#apiVersion = apiVersion
    this.#mode = mode
    this.addKey(PLATFORM_KEYS.live, { accountId: PLATFORM_ID, mode: 'live' })
    this.addKey(PLATFORM_KEYS.test, { accountId: PLATFORM_ID, mode: 'test' })
  }

  /** Returns an account in one mode; one that is not known yet becomes a connected account of the platform. */
  account(id: string, mode: Mode = this.#mode): StripeAccount {
    return this.#entry(id).modes[mode]
  }

  /** Returns the platform's own account in one mode. */
  platform(mode: Mode = this.#mode): StripeAccount {
    return this.account(PLATFORM_ID, mode)
  }

  /** Tells whether the platform reaches the account: known, and not disconnected. */
  isLinked(id: string): boolean {
    return this.#accounts.get(id)?.isLinked ?? id === PLATFORM_ID
  }

  /** Returns the ids of the accounts that are connected now. */
  linkedIds(): readonly string[] {
    return [...this.#accounts].flatMap(([id, { isLinked }]) => (isLinked && id !== PLATFORM_ID ? [id] : []))
  }

  /** Cuts an account off: the platform's calls for it are 403 from now on. Returns the event that tells of it. */
  disconnect(id: string, mode: Mode = this.#mode): EventRecord {
    this.#entry(id).isLinked = false
    return this.account(id, mode).emit('account.application.deauthorized', APPLICATION)
  }

  /** Connects an account, or connects it again. Returns the event that tells of it. */
  connect(id: string, mode: Mode = this.#mode): EventRecord {
    this.#entry(id).isLinked = true
    return this.account(id, mode).emit('account.application.authorized', APPLICATION)
  }

  /** Sets the account's default API version: it holds for events from now on, and requests that name no version. */
  setApiVersion(id: string, version: string): void {
    this.#entry(id).apiVersion = version
  }

  /** Returns the account's default API version. */
  apiVersionOf(id: string): string {
    return this.#entry(id).apiVersion
  }

  /** Makes a secret key, such as a connected account's own access token or a restricted key; returns it. */
  addKey(
    secret: string,
    {
      accountId,
      mode = this.#mode,
      forbidden = [],
    }: { accountId: string; mode?: Mode; forbidden?: readonly string[] },
  ): string {
    this.#keys.set(secret, { accountId, mode, forbidden: new Set(forbidden) })
    return secret
  }

  /** Makes a key unknown: requests with it are 401 from now on. */
  revokeKey(secret: string): void {
    this.#keys.delete(secret)
  }

  /** Returns what a secret key opens. */
  keyOf(secret: string): ApiKey | undefined {
    return this.#keys.get(secret)
  }

  #entry(id: string): AccountEntry {
    const existing = this.#accounts.get(id)
    if (existing !== undefined) return existing
    const entry: AccountEntry = {
      modes: { live: this.#newAccount(id, 'live'), test: this.#newAccount(id, 'test') },
      apiVersion: this.#apiVersion,
      isLinked: true,
    }
    this.#accounts.set(id, entry)
    return entry
  }

  #newAccount(id: string, mode: Mode): StripeAccount {
    const account = new StripeAccount({
      id,
      mode,
      state: new ModeState(),
      isPlatform: id === PLATFORM_ID,
      apiVersion: () => this.apiVersionOf(id),
      now: this.clock.now,
      newId: this.#newId,
    })
    account.seed('account', { id })
    return account
  }
}

const APPLICATION = { id: 'ca_billing', object: 'application', name: 'Billing' } as const
