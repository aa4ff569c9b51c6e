// Colour for people: on a terminal that wants it, and nowhere else, whatever the environment says of other programs.

import chalk from 'chalk'

/**
 * Settles whether the run is coloured: a terminal is, unless `NO_COLOR` is set, which Node itself looks at and chalk
 * does not. ink asks the same chalk. Call it before anything is shown.
 */
export const decideColour = (shownOn: NodeJS.WriteStream): void => {
  chalk.level = shownOn.isTTY && shownOn.hasColors() ? 1 : 0
}
