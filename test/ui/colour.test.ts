import chalk from 'chalk'
import { describe, expect, test } from 'vitest'
import { decideColour } from '../../src/ui/colour.ts'

/** A stream as far as colour goes. */
const stream = (isTTY: boolean, hasColors: boolean): NodeJS.WriteStream =>
  ({ isTTY, hasColors: () => hasColors }) as unknown as NodeJS.WriteStream // all that is looked at

describe('colour', () => {
  test.each([
    ['a terminal that shows colours', true, true, '\u001b[31mred\u001b[39m'],
    ['a terminal that is asked for none', true, false, 'red'],
    ['a pipe', false, true, 'red'],
  ])('of %s is as it should be', (_, isTTY, hasColors, shown) => {
    decideColour(stream(isTTY, hasColors))
    expect(chalk.red('red')).toBe(shown)
  })
})
