// What a handler is. Handlers hold the business rules: they fold what was seen into documents of the unit of
// work, are deterministic over it, and know nothing of sessions, collections or sockets.

import type { Observation } from '../core/observation.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** Applies one observation; throws only when this one event can't be handled. */
export type Handler = (work: UnitOfWork, seen: Observation) => Promise<void>
