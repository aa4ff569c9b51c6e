// Why it is not known which account the platform is: events that name none are refused meanwhile.

import { BillingSyncError } from '../../errors.ts'

export class PlatformTrouble {
  #code: string | null = null

  /** Returns the code of the last try that failed; nothing once there is an answer. */
  degraded(): readonly string[] {
    return this.#code === null ? [] : [this.#code]
  }

  /** Answers and throws as the work given, and notes what came of it. What MongoDB keeps from being known is told elsewhere. */
  async watch<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await work()
      this.#code = null
      return answer
    } catch (error) {
      if (error instanceof BillingSyncError && error.code !== 'mongodb_unavailable') this.#code = error.code
      throw error
    }
  }
}
