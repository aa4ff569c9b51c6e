// A screen that is drawn anew in place on a terminal. Guarantee: what the terminal showed before stays in its scrollback,
// whatever becomes of the window. Only for a terminal: ink writes control characters.

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
  const frameNow = (): ReactElement => frameFor(sizeOf(terminal))
  const draw = (): void => screen.rerender(frameNow())
  // Heard before ink hears of it, which would draw the frame once more that was made for the old size.
  terminal.on('resize', draw)
  const screen = render(frameNow(), {
    stdout: sparingScrollback(terminal),
    patchConsole: false,
    exitOnCtrlC: false,
  })
  return {
    draw,
    clear: () => screen.clear(),
    close: () => {
      terminal.off('resize', draw)
      screen.unmount()
    },
  }
}

// A terminal that tells no size says that it has none.
const sizeOf = ({ columns, rows }: NodeJS.WriteStream): ScreenSize => ({
  columns: columns || 80,
  rows: rows || 24,
})

/** Erases what has scrolled out of the window: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (ED, Ps = 3). */
const eraseScrollback = '\u001b[3J'

// Where a frame is as high as the window, which may become lower at any time, ink clears the terminal with all that it has
// ever shown, and has no option for less. It looks at the terminal's size and listens to it, so it is given the terminal.
const sparingScrollback = (terminal: NodeJS.WriteStream): NodeJS.WriteStream => {
  const write = (text: string, onWritten?: () => void): boolean =>
    terminal.write(text.replaceAll(eraseScrollback, ''), onWritten)
  return new Proxy(terminal, {
    get: (target, name) => (name === 'write' ? write : Reflect.get(target, name)),
  })
}
