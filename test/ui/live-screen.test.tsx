import { Text } from 'ink'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type LiveScreen, openLiveScreen, type ScreenSize } from '../../src/ui/live-screen.ts'
import { ReflowingTerminal } from '../support/reflowing-terminal.ts'
import { until } from '../support/until.ts'

/** As many lines as a frame may have, each as wide as the window. */
const fullFrame = ({ columns, rows }: ScreenSize) => {
  const lines = Array.from({ length: rows - 1 }, (_, index) => `line ${index + 1} `.padEnd(columns, '#'))
  return <Text wrap="truncate">{lines.join('\n')}</Text>
}

/** A terminal on which a shell has shown something, and below it a screen. */
const shownOn = (size: ScreenSize): { readonly terminal: ReflowingTerminal; readonly screen: LiveScreen } => {
  const terminal = new ReflowingTerminal(size)
  for (let number = 1; number <= 30; number += 1) terminal.write(`before ${number}\n`)
  const stream = terminal as unknown as NodeJS.WriteStream // as far as it is looked at
  const screen = openLiveScreen(stream, fullFrame)
  onTestFinished(screen.close)
  return { terminal, screen }
}

const framesOf = ({ lines }: ReflowingTerminal): readonly string[] =>
  lines.filter((line) => line.startsWith('line 1 '))

describe('a live screen', () => {
  test.each([24, 10, 5, 2])('keeps what was shown before it when its window gets %i rows', async (rows) => {
    const { terminal, screen } = shownOn({ columns: 20, rows: 30 })
    await until(() => framesOf(terminal).length === 1, 'a frame')
    terminal.resize({ columns: 20, rows })
    screen.draw()
    await until(() => terminal.lines.at(-2)?.startsWith(`line ${rows - 1} `) === true, 'a lower frame')
    for (let number = 1; number <= 30; number += 1) expect(terminal.lines).toContain(`before ${number}`)
    // That of the window as it was, whose head has scrolled out, and that of the window as it is.
    expect(framesOf(terminal)).toHaveLength(2)
  })
})
