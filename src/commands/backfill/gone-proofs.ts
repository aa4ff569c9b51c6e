// Joins the proof that a 404 of single objects counts to the database and to Stripe.

import type { Reads } from '../../ports/pipeline-store.ts'
import type { AccountTally } from '../../sources/backfill/backfill-tally.ts'
import { GoneProof, type Proving, type Verdict } from '../../sources/backfill/gone-proof.ts'
import { type BackfillRun, readerOf } from './backfill-one.ts'

/** The proofs of one account, one for each mode: a key that does not tell its own shows nothing of the other. */
export class GoneProofs {
  readonly #proofs = new Map<boolean, GoneProof>()
  readonly #before = new Date()
  readonly #tally: AccountTally
  readonly #run: BackfillRun

  constructor(tally: AccountTally, run: BackfillRun) {
    this.#tally = tally
    this.#run = run
  }

  /** Learns from an object that was read anyway. */
  learn(reads: Reads): void {
    for (const [key, read] of reads) {
      const livemode = read.kind === 'seen' ? (read.observations[0]?.livemode ?? null) : null
      if (livemode !== null) this.#of(livemode).learn(new Map([[key, read]]))
    }
  }

  /** Judges whether a 404 for an object of the stored mode counts. Rejects with `mongodb_unavailable`. */
  async judge(livemode: unknown): Promise<Verdict> {
    return typeof livemode === 'boolean' ? this.#of(livemode).judge() : 'unproved'
  }

  #of(livemode: boolean): GoneProof {
    const proof =
      this.#proofs.get(livemode) ??
      new GoneProof(this.#provingOf(livemode), { isGiven: false, before: this.#before })
    this.#proofs.set(livemode, proof)
    return proof
  }

  #provingOf(livemode: boolean): Proving {
    const [tally, run] = [this.#tally, this.#run]
    const { account } = tally
    const readAlone = readerOf(tally, run, { readsRelatives: false })
    return {
      someStored: (before) => run.storedOf(account, new Map()).someStored(before, livemode),
      readSingly: async (objects) => {
        const opened = await run.store.openAccount(account)
        return readAlone(
          opened,
          objects.map((object) => ({ ...object, afterSecond: 0 })),
        )
      },
    }
  }
}
