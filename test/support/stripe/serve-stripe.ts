// What runs in the process of its own: fills a world to the plan given as its argument, serves it, tells its parent the
// URL, and ends with its parent.
import type { Mode } from './mode-state.ts'
import { type PopulationPlan, populate } from './population.ts'
import type { LimitSettings, Violation } from './rate-limits.ts'
import { startStripeServer } from './stripe-server.ts'

export interface ProcessPlan {
  /** Connected accounts, filled in one mode. */
  readonly accounts: Readonly<Record<string, PopulationPlan>>
  /** Default test. */
  readonly mode?: Mode
  /** Milliseconds that each answer takes at least; default 0. */
  readonly latencyMs?: number
  readonly limits?: LimitSettings
}

export interface ProcessReport {
  readonly requests: number
  readonly violations: readonly Violation[]
  /** Processor time of the process so far. */
  readonly cpuMs: number
}

const { accounts, mode = 'test', latencyMs = 0, limits = {} }: ProcessPlan = JSON.parse(process.argv[2] ?? '')
const server = await startStripeServer({ mode, latencyMs, limits })
for (const [id, plan] of Object.entries(accounts)) populate(server.world.account(id), plan)

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const report: ProcessReport = {
    requests: server.requests.count(),
    violations: server.limits.violations,
    cpuMs: (user + system) / 1000,
  }
  process.send?.(report)
})
process.on('disconnect', () => {
  void server.close()
})
process.send?.(server.url)
