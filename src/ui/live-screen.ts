// A screen that is drawn anew in place on a terminal. Guarantee: what the terminal showed before stays in its scrollback,
// whatever becomes of the window, but for a terminal that cuts its lines when it becomes narrower (see `rowsAdded`). Only for
// a terminal: ink writes control characters.

import { stripVTControlCharacters } from 'node:util'
import { render } from 'ink'
import type { ReactElement } from 'react'

/** Size of a terminal, in characters; a frame has to have fewer lines than rows. */
export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

export interface LiveScreen {
  /** Draws it as it is now. */
  readonly draw: () => void
  /** Takes the frame away. */
  readonly clear: () => void
  /** Ends; the last frame stays. */
  readonly close: () => void
}

/** Draws frames on a terminal, anew whenever that is resized, until it is closed. */
export const openLiveScreen = (
  terminal: NodeJS.WriteStream,
  frameFor: (size: ScreenSize) => ReactElement,
): LiveScreen => {
  const sizeNow = sizeTeller(terminal)
  const shown = { frame: '', columns: sizeNow().columns }
  const stdout = sparingScrollback(terminal, {
    sizeNow,
    onFrame: (frame) => {
      shown.frame = frame
    },
  })
  const draw = (): void => screen.rerender(frameFor(sizeNow()))
  const onResize = (): void => {
    const { columns, rows } = sizeNow()
    if (columns < shown.columns) terminal.write(eraseRows(Math.min(rows, rowsAdded(shown.frame, columns))))
    shown.columns = columns
    draw()
  }
  // Heard before ink hears of it, which would draw the frame once more that was made for the old size.
  terminal.on('resize', onResize)
  const screen = render(frameFor(sizeNow()), { stdout, patchConsole: false, exitOnCtrlC: false })
  return {
    draw,
    clear: () => screen.clear(),
    close: () => {
      terminal.off('resize', onResize)
      screen.unmount()
    },
  }
}

// A terminal may come to tell no size, as after `stty columns 0`. Its window stays as it was: taken for another, the frame
// would be drawn or erased beyond it.
const sizeTeller = (terminal: NodeJS.WriteStream): (() => ScreenSize) => {
  let told: ScreenSize = { columns: 80, rows: 24 }
  return () => {
    told = { columns: terminal.columns || told.columns, rows: terminal.rows || told.rows }
    return told
  }
}

/** https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: what has scrolled out of the window (ED, Ps = 3), a row (EL). */
const eraseScrollback = '\u001b[3J'
const eraseRow = '\u001b[2K'
const cursorUp = '\u001b[1A'

// Where a frame is as high as the window, which may become lower at any time, ink clears the terminal with all that it has
// ever shown, and has no option for less. It looks at the terminal's size and listens to it, so it is given the terminal. Of
// a terminal without rows it would take each frame for higher than the window.
const sparingScrollback = (
  terminal: NodeJS.WriteStream,
  { sizeNow, onFrame }: { readonly sizeNow: () => ScreenSize; readonly onFrame: (frame: string) => void },
): NodeJS.WriteStream => {
  const write = (text: string, onWritten?: () => void): boolean => {
    // A frame is written at once; what is written besides is of control characters alone.
    const frame = stripVTControlCharacters(text)
    if (frame !== '') onFrame(frame)
    return terminal.write(text.replaceAll(eraseScrollback, ''), onWritten)
  }
  return new Proxy(terminal, {
    get: (target, name) => {
      if (name === 'columns' || name === 'rows') return sizeNow()[name]
      return name === 'write' ? write : Reflect.get(target, name)
    },
  })
}

// Most terminals wrap what they show anew when they become narrower. Ink erases as many rows as its frame has lines, and
// would leave the others standing. A terminal that cuts its lines instead, as xterm does, cannot be told from those: there
// as many rows above the frame go, too.
const rowsAdded = (frame: string, columns: number): number =>
  frame.split('\n').reduce((rows, line) => rows + Math.max(0, Math.ceil([...line].length / columns) - 1), 0)

/** Erases rows from the one of the cursor upwards, which is left above them. */
const eraseRows = (count: number): string => `${eraseRow}${cursorUp}`.repeat(count)
