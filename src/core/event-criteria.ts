// Which events a person asked for.

/** An event is wanted where every list that is not empty names it and its `created` lies in `[since, until)`. */
export interface EventCriteria {
  /** Globs such as `charge.*`. */
  readonly types: readonly string[]
  readonly ids: readonly string[]
  readonly accounts: readonly string[]
  readonly since: Date | null
  readonly until: Date | null
}
