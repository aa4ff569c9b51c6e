import { Text } from 'ink'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type LiveScreen, openLiveScreen, type ScreenSize } from '../../src/ui/live-screen.ts'
import { ReflowingTerminal } from '../support/reflowing-terminal.ts'
import { until } from '../support/until.ts'

const linesOf = (count: number, columns: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `line ${index + 1} `.padEnd(columns, '#'))

/** As many lines as a frame may have, each as wide as the window. */
const fullFrame = ({ columns, rows }: ScreenSize) => (
  <Text wrap="truncate">{linesOf(rows - 1, columns).join('\n')}</Text>
)

/** A few of them. */
const lowFrame = ({ columns }: ScreenSize) => <Text wrap="truncate">{linesOf(5, columns).join('\n')}</Text>

/** A terminal on which a shell has shown something, and below it a screen. */
const shownOn = (
  size: ScreenSize,
  frameFor = fullFrame,
): { readonly terminal: ReflowingTerminal; readonly screen: LiveScreen } => {
  const terminal = new ReflowingTerminal(size)
  for (let number = 1; number <= 30; number += 1) terminal.write(`before ${number}\n`)
  const stream = terminal as unknown as NodeJS.WriteStream // as far as it is looked at
  const screen = openLiveScreen(stream, frameFor)
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
    await until(() => terminal.lines.at(-1)?.startsWith(`line ${rows - 1} `) === true, 'a lower frame')
    for (let number = 1; number <= 30; number += 1) expect(terminal.lines).toContain(`before ${number}`)
    // That of the window as it was, whose head has scrolled out, and that of the window as it is.
    expect(framesOf(terminal)).toHaveLength(2)
  })

  test('leaves nothing of its old frames when its window becomes narrower, step by step', async () => {
    const { terminal } = shownOn({ columns: 80, rows: 24 }, lowFrame)
    await until(() => framesOf(terminal).length === 1, 'a frame')
    for (const columns of [79, 40, 39, 20]) terminal.resize({ columns, rows: 24 })
    await until(() => terminal.lines.at(-1)?.length === 20, 'a narrow frame')
    const before = Array.from({ length: 30 }, (_, index) => `before ${index + 1}`)
    expect(terminal.lines).toEqual([...before, ...linesOf(5, 20)])
  })

  test.each([
    ['columns', { columns: 0, rows: 24 }],
    ['rows', { columns: 120, rows: 0 }],
    ['size', { columns: 0, rows: 0 }],
  ])('stays in its place when its terminal comes to tell no %s', async (_name, told) => {
    let frames = 0
    const { terminal, screen } = shownOn({ columns: 120, rows: 24 }, ({ columns }) => {
      frames += 1
      return <Text wrap="truncate">{[...linesOf(5, columns), `frame ${frames}`].join('\n')}</Text>
    })
    await until(() => framesOf(terminal).length === 1, 'a frame')
    terminal.tell(told)
    for (const _ of [1, 2]) {
      screen.draw()
      await until(() => terminal.lines.at(-1) === `frame ${frames}`, 'the next frame')
    }
    const before = Array.from({ length: 30 }, (_, index) => `before ${index + 1}`)
    expect(terminal.lines).toEqual([...before, ...linesOf(5, 120), `frame ${frames}`])
  })

  test('has no more rows erased than its window holds, however narrow that becomes', async () => {
    const { terminal } = shownOn({ columns: 80, rows: 24 })
    await until(() => framesOf(terminal).length === 1, 'a frame')
    const before = terminal.erasedRows
    terminal.resize({ columns: 1, rows: 24 })
    // Ink erases its own frame, too.
    expect(terminal.erasedRows - before).toBeLessThanOrEqual(2 * 24)
  })

  test('hears of no resize once it is closed', () => {
    const { terminal, screen } = shownOn({ columns: 80, rows: 24 })
    screen.close()
    expect(terminal.listenerCount('resize')).toBe(0)
  })
})
