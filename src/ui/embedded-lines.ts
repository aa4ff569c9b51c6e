// Where a run without any setting keeps its data: told the same way by every command.

import type { EmbeddedServer } from '../store/database.ts'

/** Returns which database is used and where its data lies, a line each. */
export const embeddedLines = ({ program, folder }: EmbeddedServer): readonly string[] => [
  `No MONGODB_URI is set: using the embedded ${program}`,
  `Its data lies in ${folder}`,
]
