// What ink draws of a screen, on a terminal of a size.

import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { render } from 'ink'
import type { ReactElement } from 'react'

/** Returns the lines of the first frame, without their colours. */
export const drawnLines = (
  screen: ReactElement,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): readonly string[] => {
  const frames: string[] = []
  const stdout = Object.assign(new PassThrough(), { columns, rows, isTTY: true })
  stdout.on('data', (chunk: Buffer) => frames.push(chunk.toString()))
  const drawn = render(screen, {
    stdout: stdout as unknown as NodeJS.WriteStream, // as far as ink writes to it
    debug: true,
    patchConsole: false,
  })
  drawn.unmount()
  return stripVTControlCharacters(frames[0] ?? '').split('\n')
}
