// How much payload is in memory at once, over all lanes: parsed it takes five times as much. Guarantee: batches are
// loaded one after another, and none while what is loaded fills the room, so one batch more than that at most.

import pLimit, { type LimitFunction } from 'p-limit'

/** Bytes of payload in work. */
const roomBytes = 16 * 1024 * 1024

interface Loaded {
  readonly events: readonly { readonly payload: Uint8Array }[]
}

/** Loads batches as far as there is room for their bytes. */
export class PayloadRoom {
  readonly #loading: LimitFunction = pLimit(1)
  #bytes = 0
  #onFreed: (() => void) | null = null

  /** Loads what takes room, once there is some. What was loaded takes it until it is freed. */
  load<Batch extends Loaded>(load: () => Promise<Batch>): Promise<Batch> {
    return this.#loading(async () => {
      while (this.#bytes >= roomBytes) await this.#freed()
      const batch = await load()
      this.#bytes += bytesOf(batch)
      return batch
    })
  }

  free(batch: Loaded): void {
    this.#bytes -= bytesOf(batch)
    this.#onFreed?.()
  }

  #freed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFreed = resolve
    })
  }
}

const bytesOf = ({ events }: Loaded): number => events.reduce((sum, { payload }) => sum + payload.length, 0)
