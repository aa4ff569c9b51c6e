// The pipeline's store of a dry run: reads the database and keeps in memory what would have been committed, so that
// event builds on event. Guarantee: nothing is written, accounts that are new or that the config lists included.

import type { ListedAccount } from '../../config/config.ts'
import { type DocumentChange, documentChange } from '../../core/document-change.ts'
import type { Commit, OpenAccount, PipelineStore } from '../../ports/pipeline-store.ts'
import type { AccountReader, StoredDocument } from '../../unit-of-work/reader.ts'
import { type AccountRow, accountStateOf, listedFields, newAccountRow } from '../accounts.ts'
import { renamedFields } from '../rename-account.ts'
import { AccountMemory } from './account-memory.ts'

export interface DryRunOptions {
  /** Answers a reader of an account's documents in the database. */
  readonly readerOf: (account: string) => AccountReader
  /** Events of accounts that no config lists wait as `parked` in place of being handled. */
  readonly parkUnknown: boolean
}

/**
 * Takes commits and remembers them. Throws `mongodb_unavailable` for what it has to read, `payload_unstorable` as a
 * commit would.
 */
export class DryRunStore implements PipelineStore {
  readonly #accounts = new Map<string, AccountMemory>()
  readonly #options: DryRunOptions

  constructor(options: DryRunOptions) {
    this.#options = options
  }

  async openAccount(id: string): Promise<OpenAccount> {
    const memory = this.#memory(id)
    memory.begin()
    const row = (await rowOf(memory, id)) ?? putRow(memory, { before: null, row: newRow(id) })
    const { listed, ...state } = accountStateOf(id, row as Partial<AccountRow>) // only billing-sync writes it
    const parked = this.#options.parkUnknown && !listed
    return { ...state, parked, seq: state.seq + memory.commits, reader: memory.reader }
  }

  // Nobody else commits here: batches of one account come one after another.
  async commit({ account, writes }: Commit): Promise<boolean> {
    this.#memory(account).commit(writes)
    return true
  }

  /** Takes the config's accounts as listed. */
  async list(accounts: readonly ListedAccount[]): Promise<void> {
    for (const account of accounts)
      await this.#changeRow(account.stripe_user_id, (row) => listedFields(account, row))
  }

  /** Takes an account as the platform's own. */
  claimPlatform(id: string): Promise<void> {
    return this.#changeRow(id, () => ({ platform: true }))
  }

  /** Takes an account's row for what it says once the account is renamed; everything stays under the id that it has. */
  async renameRow({ from, to }: { readonly from: string; readonly to: string }): Promise<void> {
    // One that nobody has listed is not opened: it would be told as a row that is made.
    const reader = this.#accounts.get(to)?.reader ?? this.#options.readerOf(to)
    const listed = (await rowOf({ reader }, to)) as AccountRow | null // only billing-sync writes it
    await this.#changeRow(from, (row) => ({
      ...(row === null ? {} : renamedFields(row as AccountRow, listed)), // the same
      stripe_user_id: from,
    }))
  }

  /** Returns the accounts that it has been told of. */
  accounts(): readonly string[] {
    return [...this.#accounts.keys()]
  }

  /** Returns what would change for those who see it, by account, collection and id. */
  changes(): readonly DocumentChange[] {
    const accounts = [...this.#accounts].sort(([a], [b]) => compareText(a, b))
    return accounts.flatMap(([account, memory]) =>
      [...memory.states()]
        .sort(
          (a, b) =>
            compareText(a.collection, b.collection) || compareText(String(a.after._id), String(b.after._id)),
        )
        .map((states) => documentChange({ account, ...states }))
        .filter((change) => change !== null),
    )
  }

  #memory(id: string): AccountMemory {
    const known = this.#accounts.get(id)
    if (known !== undefined) return known
    const memory = new AccountMemory(() => this.#options.readerOf(id))
    this.#accounts.set(id, memory)
    return memory
  }

  async #changeRow(
    id: string,
    fieldsOf: (row: Partial<AccountRow> | null) => Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const memory = this.#memory(id)
    const before = await rowOf(memory, id)
    const fields = fieldsOf(before as Partial<AccountRow> | null) // only billing-sync writes it
    putRow(memory, { before, row: { ...(before ?? newRow(id)), ...fields } })
  }
}

const newRow = (id: string): StoredDocument => ({ _id: id, ...newAccountRow(id) })

const rowOf = async ({ reader }: Pick<AccountMemory, 'reader'>, id: string): Promise<StoredDocument | null> =>
  (await reader.byDocumentIds('billing.accounts', [id]))[0] ?? null

const putRow = (
  memory: AccountMemory,
  { before, row }: { readonly before: StoredDocument | null; readonly row: StoredDocument },
): StoredDocument => {
  memory.hold('billing.accounts', { before, document: row })
  return row
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
