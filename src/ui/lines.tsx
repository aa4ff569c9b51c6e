// Lines of a screen, one to a row.

import { Text } from 'ink'

export interface Line {
  /** Names the line from one frame to the next, while its text changes. */
  readonly key: string
  readonly text: string
  readonly look: { readonly color?: string; readonly dimColor?: boolean; readonly bold?: boolean }
}

interface LinesProps {
  readonly lines: readonly Line[]
  /** Rows of the terminal, one of which stays free. */
  readonly rows: number
}

/** The first of some lines, as many as there is room for, each cut to the terminal's width; for a column. */
export const Lines = ({ lines, rows }: LinesProps) =>
  lines.slice(0, Math.max(0, rows - 1)).map(({ key, text, look }) => (
    <Text key={key} wrap="truncate" {...look}>
      {text}
    </Text>
  ))
